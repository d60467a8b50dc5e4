import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { configFor, quickRetries } from '../support/agent.ts';
import { startAgentProcess } from '../support/agent-process.ts';
import type { AgentProcess } from '../support/agent-process.ts';
import { Scratch } from '../support/scratch.ts';
import { enrollWithKey, simulatorFor } from '../support/simulator.ts';
import type { LoggedLine } from '../support/watched-log.ts';
import { dpsAgent, followDpsAgent } from './cli-program.ts';

/** Of an agent that is no service, wherever the tests run. */
const memory = ['logs', '--source', 'memory', '--config'];

describe('dps-agent logs, of a running agent', () => {
  let scratch: Scratch;
  let simulator: Simulator;
  let stateDirectory: string;
  let config: string;
  let agent: AgentProcess;

  beforeEach(async () => {
    scratch = new Scratch();
    simulator = await simulatorFor(scratch);
    stateDirectory = join(await scratch.folder(), 'state');
    config = join(await scratch.folder(), 'config.yaml');
    const attestation = enrollWithKey(simulator, 'gateway');
    const sections = [`state_directory: ${stateDirectory}`, quickRetries];
    await writeFile(config, configFor({ simulator, attestation, sections }), { mode: 0o600 });
    // What others may read is warned of.
    const configMode = 0o644;
    agent = await startAgentProcess({ scratch, simulator, attestation, stateDirectory, configMode });
    await agent.log.untilState('connected');
  });

  afterEach(() => scratch.clean());

  async function logs(...options: string[]): Promise<string> {
    const { code, stdout, stderr } = await dpsAgent([...memory, config, ...options]);
    assert.equal(code, 0, stderr);
    return stdout;
  }

  async function lines(...options: string[]): Promise<LoggedLine[]> {
    const text = await logs('--output', 'json', ...options);
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as LoggedLine);
  }

  it('has for programs what was logged, as it was', async () => {
    const logged = [...agent.log.lines];
    assert.deepEqual((await lines()).slice(0, logged.length), logged);
  });

  it('has for people time, level, area and sentence', async () => {
    const [first] = agent.log.lines;
    assert.ok(first !== undefined);
    const text = await logs();
    assert.ok(text.includes(first.msg), text);
    assert.match(text, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}Z INFO {2}connection {3}connected to /m);
    assert.ok(!text.includes('\u001b'));
  });

  it('has only what is as grave, of the area, of the time and as late as asked for', async () => {
    const warnings = await lines('--level', 'warn');
    assert.ok(warnings.some(({ msg }) => msg.includes('can be read by every user')));
    assert.ok(warnings.every(({ level }) => level >= 40));
    const ofConnection = await lines('--area', 'connection');
    assert.ok(ofConnection.length > 0);
    assert.ok(ofConnection.every((line) => line['area'] === 'connection'));
    const at = String(ofConnection.at(-1)?.['time']);
    const later = await lines('--since', at);
    assert.ok(later.length > 0 && later.every((line) => String(line['time']) >= at));
    const earlier = await lines('--until', at);
    assert.ok(earlier.length > 0 && earlier.every((line) => String(line['time']) < at));
    assert.deepEqual(await lines('--until', '1h'), []);
    assert.equal((await lines('--lines', '2', '--since', '1h')).length, 2);
  });

  it('goes on with --follow, and ends with the agent', async () => {
    const following = followDpsAgent(scratch, [...memory, config, '--follow', '--output', 'json']);
    const untilState = (state: string): Promise<string> =>
      following.untilLine((line) => (JSON.parse(line) as LoggedLine)['state'] === state);
    await untilState('connected');
    assert.equal((await dpsAgent(['identity', 'reprovision', '--config', config])).code, 0);
    await untilState('provisioning');
    await untilState('connected');
    agent.child.kill('SIGTERM');
    assert.deepEqual(await following.ended, { code: 0, signal: null });
  });

  it('says so when the agent is killed meanwhile, and does not wait for one that hangs', async () => {
    const following = followDpsAgent(scratch, [...memory, config, '--follow', '--output', 'json']);
    let said = '';
    following.child.stderr?.on('data', (data: Buffer) => (said += data.toString()));
    await following.untilLine((line) => (JSON.parse(line) as LoggedLine)['state'] === 'connected');
    agent.child.kill('SIGSTOP');
    for (const verb of [memory, ['telemetry', 'tail', '--config']]) {
      const hung = await dpsAgent([...verb, config]);
      assert.deepEqual([hung.code, hung.stdout], [1, '']);
      assert.match(hung.stderr, /^dps-agent: cannot ask the agent at .*: no answer within 5 s/);
    }
    agent.child.kill('SIGKILL');
    assert.deepEqual(await following.ended, { code: 1, signal: null });
    assert.match(
      said,
      /^dps-agent: cannot show the log any longer: the agent was killed, or has cut the connection/,
    );
    assert.equal(said.split('\n').length, 2, said);
  });

  it('says that there is no agent to be asked', async () => {
    agent.child.kill('SIGTERM');
    await agent.exited;
    const { code, stdout, stderr } = await dpsAgent([...memory, config]);
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /^dps-agent: cannot show the log: the agent is not running/);
  });
});

describe('dps-agent logs, of a file', () => {
  const scratch = new Scratch();

  afterEach(() => scratch.clean());

  const at = (minute: number): string => `2026-11-22T12:0${minute}:00.000Z`;
  const own = JSON.stringify({ level: 50, time: at(1), area: 'telemetry', msg: 'cannot read cpu' });
  const entry = JSON.stringify({
    MESSAGE: 'Started dps-agent.service.',
    PRIORITY: '6',
    __REALTIME_TIMESTAMP: `${Date.parse(at(2))}000`,
  });
  const text = `${own}\n${entry}\n`;

  it('reads what was logged, and what the journal has made of it', async () => {
    const file = join(await scratch.folder(), 'agent.log');
    await writeFile(file, text);
    const { code, stdout } = await dpsAgent(['logs', '--file', file]);
    assert.equal(code, 0);
    assert.deepEqual(stdout.split('\n'), [
      '2026-11-22 12:01:00.000Z ERROR telemetry    cannot read cpu',
      '2026-11-22 12:02:00.000Z INFO  systemd      Started dps-agent.service.',
      '',
    ]);
  });

  it('reads standard input, and leaves out what is not wanted', async () => {
    const messages = async (...options: string[]): Promise<string[]> => {
      const args = ['logs', '--file', '-', '--output', 'json', ...options];
      const { stdout } = await dpsAgent(args, { input: text });
      return stdout
        .split('\n')
        .flatMap((line) => (line === '' ? [] : [(JSON.parse(line) as LoggedLine).msg]));
    };
    assert.deepEqual(await messages('--level', 'error'), ['cannot read cpu']);
    assert.deepEqual(await messages('--since', at(2)), ['Started dps-agent.service.']);
    assert.deepEqual(await messages('--lines', '1'), ['Started dps-agent.service.']);
    assert.deepEqual(await messages('--area', 'twin'), []);
  });

  it('says that there is no such file, and what it cannot use', async () => {
    const missing = await dpsAgent(['logs', '--file', '/no/such/file']);
    assert.equal(missing.code, 1);
    assert.match(missing.stderr, /^dps-agent: cannot read \/no\/such\/file: ENOENT/);
    for (const options of [
      ['--since', 'yesterday'],
      ['--level', 'wran'],
      ['--lines', '0'],
    ])
      assert.equal((await dpsAgent(['logs', '--file', '-', ...options])).code, 64, options.join(' '));
  });
});
