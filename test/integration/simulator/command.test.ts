import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { createInterface } from 'node:readline';
import { simulatorFor, temporaryDirectory, whenOver } from './support.ts';

const main = join(import.meta.dirname, '../../../src/simulator/main.ts');

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(t: TestContext, args: readonly string[]) {
  const child = spawn(process.execPath, ['--import', 'tsx', main, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  whenOver(t, () => child.kill('SIGKILL'));
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => (stdout += String(chunk)));
  child.stderr.on('data', (chunk) => (stderr += String(chunk)));
  const ended = once(child, 'close').then(([code]): Ended => ({
    code: code as number | null,
    stdout,
    stderr,
  }));
  return { child, ended };
}

describe('the command', () => {
  it('prints one line of JSON, serves, says what happens and ends with 0 on SIGTERM', async (t) => {
    const data = await temporaryDirectory(t);
    const { child, ended } = start(t, [
      '--data',
      data,
      '--port',
      '0',
      '--hubs',
      '2',
      '--control-port',
      '0',
      '--scope',
      '0ne0000AAAA',
      '--json',
      '--verbose',
    ]);
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    const address = JSON.parse(line) as {
      scopeId: string;
      hubs: { name: string }[];
      control: string;
      caFile: string;
    };
    assert.equal(address.scopeId, '0ne0000AAAA');
    assert.equal(address.hubs.length, 2);
    assert.equal(address.caFile, join(data, 'ca.pem'));
    const response = await fetch(`${address.control}/simulator/hubs`);
    assert.equal(response.status, 200);
    await response.text();
    child.kill('SIGTERM');
    const { code, stdout } = await ended;
    assert.equal(code, 0);
    assert.equal(stdout.trimEnd().split('\n').length, 1);
  });

  it('ends with 78 for a configuration it cannot use, and says where', async (t) => {
    const data = await temporaryDirectory(t);
    const file = join(data, 'simulator.yaml');
    for (const [text, reason] of [
      ['enrollmentz: {}\n', /enrollmentz/],
      ['enrollments: [\n', /simulator\.yaml/],
      ['enrollments: {"gw 1": {attestation: {type: symmetricKey}}}\n', /cannot use "gw 1" as an ID/],
    ] as const) {
      await writeFile(file, text);
      const { code, stderr } = await start(t, [
        '--data',
        data,
        '--port',
        '0',
        '--control-port',
        '0',
        '--config',
        file,
      ]).ended;
      assert.match(stderr, reason);
      assert.equal(code, 78);
    }
  });

  it('says what to type when the port is taken, or an option is none', async (t) => {
    const data = await temporaryDirectory(t);
    const { port } = (await simulatorFor(t)).dps;
    const taken = await start(t, ['--data', data, '--port', String(port)]).ended;
    assert.equal(taken.code, 1);
    assert.match(taken.stderr, new RegExp(`cannot listen on 127\\.0\\.0\\.1:${port}[^]*--port`));
    assert.match(taken.stderr, / --data DIR/);
    for (const [args, reason] of [
      [['--porrt', '1'], /--porrt[^]*Usage:/],
      [['--scope', '0ne/AAAA'], /cannot use --scope 0ne\/AAAA: it must be letters and digits[^]*Usage:/],
    ] as const) {
      const wrong = await start(t, args).ended;
      assert.equal(wrong.code, 64);
      assert.match(wrong.stderr, reason);
    }
  });

  it('says what it cannot do without showing where in the program that was', async (t) => {
    const data = await temporaryDirectory(t);
    const file = join(data, 'file');
    await writeFile(file, '');
    const anyPort = ['--control-port', '0'];
    for (const [args, reason] of [
      [['--data', file, '--port', '0', ...anyPort], `cannot use the data directory ${file}: `],
      [['--data', data, '--port', '65535', '--hubs', '2', ...anyPort], 'cannot listen on 127.0.0.1:65536: '],
    ] as const) {
      const { code, stderr } = await start(t, args).ended;
      assert.ok(stderr.startsWith(`dps-agent-simulator: ${reason}`), stderr);
      assert.deepEqual([code, stderr.split('\n').length], [1, 2]);
    }
  });
});
