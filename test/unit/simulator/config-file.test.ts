import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ConfigError } from '../../../src/lib/errors.ts';
import { defaultDataDirectory, parseCommandLine, usage } from '../../../src/simulator/command-line.ts';
import { parseSimulatorConfig } from '../../../src/simulator/config-file.ts';
import { lineLog } from '../../../src/simulator/line-log.ts';

describe('the configuration file', () => {
  it('may be empty', () => {
    assert.deepEqual(parseSimulatorConfig('', 'x.yaml'), {});
    assert.deepEqual(parseSimulatorConfig('# nothing\n', 'x.yaml'), {});
  });

  it('has an example that parses and shows every key', async () => {
    const path = join(import.meta.dirname, '../../../config/simulator.example.yaml');
    const text = await readFile(path, 'utf8');
    const asIs = parseSimulatorConfig(text, path);
    assert.deepEqual(Object.keys(asIs.enrollments ?? {}), ['gateway-1', 'gateway-2']);
    // What is commented out as `#key:` is offered as it stands: it must parse as well.
    const whole = parseSimulatorConfig(text.replace(/^( *)#(?=\w| {2})/gm, '$1'), path);
    for (const key of [
      ...['scopeId', 'host', 'publicHost', 'names', 'port', 'hubs', 'controlPort', 'sasGraceSeconds'],
      ...['retryAfterSeconds', 'refuseAtConnect', 'sameHubReset', 'maxMessages'],
      ...['enrollments', 'enrollmentGroups', 'certificates', 'devices'],
    ]) {
      assert.ok(Object.hasOwn(whole, key), key);
    }
  });

  for (const [text, reason] of [
    ['hubs: two', /hubs: .*"two"/],
    ['hub: 2', /hub: /],
    ['port: 70000', /port: /],
    ['enrollments: {a: {attestation: {type: symmetricKey}, deviceID: x}}', /enrollments\.a\.deviceID/],
    ['devices: {a: {status: off}}', /devices\.a\.status/],
    ['a: 1\n---\nb: 2', /more than one document/],
    ['a: [', /cannot read sim\.yaml/],
    ['- 1', /cannot use sim\.yaml/],
  ] as const) {
    it(`is refused with a reason: ${text}`, () => {
      assert.throws(
        () => parseSimulatorConfig(text, 'sim.yaml'),
        (error) => {
          assert.ok(error instanceof ConfigError);
          assert.match(error.message, reason);
          return true;
        },
      );
    });
  }
});

describe('the command line', () => {
  it('has numbers where numbers belong', () => {
    const line = parseCommandLine(['--port', '0', '--hubs', '3', '--control-port', '8081', '--json']);
    assert.deepEqual(
      [line.port, line.hubs, line.controlPort, line.json, line.verbose],
      [0, 3, 8081, true, false],
    );
    for (const args of [
      ['--port', '-1'],
      ['--port', '1e3'],
      ['--hubs', '0'],
      ['--port', '65536'],
      ['extra'],
      ['--nope'],
    ]) {
      assert.throws(() => parseCommandLine(args), { name: 'UsageError' }, args.join(' '));
    }
  });

  it('has a usage text that names every option', () => {
    for (const option of [
      'data',
      'port',
      'hubs',
      'control-port',
      'host',
      'scope',
      'config',
      'json',
      'verbose',
      'help',
      'version',
    ]) {
      assert.match(usage, new RegExp(`--${option}\\b`));
    }
  });

  it('keeps its state where XDG says, when that is an absolute path', () => {
    assert.equal(defaultDataDirectory('/home/a', '/var/state'), '/var/state/dps-agent-simulator');
    assert.equal(defaultDataDirectory('/home/a', 'state'), '/home/a/.local/state/dps-agent-simulator');
    assert.equal(defaultDataDirectory('/home/a', undefined), '/home/a/.local/state/dps-agent-simulator');
  });
});

it('the log writes plain lines from its level on', () => {
  const lines: string[] = [];
  const log = lineLog((line) => lines.push(line), 'info').child({ hub: 'h' });
  log.debug('hidden');
  log.info({ device: 'a', code: undefined }, 'connected');
  log.warn('odd');
  assert.deepEqual(lines, ['connected (hub=h, device=a)\n', 'warn: odd (hub=h)\n']);
});
