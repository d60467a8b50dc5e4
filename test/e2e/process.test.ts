import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { agentVersion } from '../../src/version.ts';
import { runAgent, startAgentProcess } from '../support/agent-process.ts';
import { Scratch } from '../support/scratch.ts';
import { dpsConnections, enrollWithKey, newKey, simulatorFor } from '../support/simulator.ts';

describe('the agent as a process', () => {
  let scratch: Scratch;
  let simulator: Simulator;
  let attestation: Readonly<Record<string, string>>;

  beforeEach(async () => {
    scratch = new Scratch();
    simulator = await simulatorFor(scratch);
    attestation = enrollWithKey(simulator, 'gateway');
  });

  afterEach(() => scratch.clean());

  it('goes by its own name in top, and by its arguments in ps', async () => {
    const { log, child, config } = await startAgentProcess({ scratch, simulator, attestation });
    await log.untilState('connected');
    assert.equal(await readFile(`/proc/${child.pid}/comm`, 'utf8'), 'dps-agent\n');
    const words = (await readFile(`/proc/${child.pid}/cmdline`, 'utf8')).split('\0');
    assert.deepEqual(words.slice(-4), ['run', '--config', config, '']);
  });

  it('ends in order on SIGTERM: status 0, the session ended politely, within 5 s', async () => {
    const { log, child, exited } = await startAgentProcess({ scratch, simulator, attestation });
    await log.untilState('connected');
    await simulator.messages.waitFor(() => true, AbortSignal.timeout(10_000));
    const asked = performance.now();
    child.kill('SIGTERM');
    assert.deepEqual(await exited, { code: 0, signal: null });
    assert.ok(performance.now() - asked < 5000);
    assert.equal(log.lines.at(-1)?.['state'] ?? log.lines.at(-2)?.['state'], 'stopped');
  });

  for (const [state, fault] of [
    ['provisioning', { kind: 'dps-no-answer' }],
    ['connecting', { kind: 'go-silent', service: 'hub', connack: false }],
    ['waiting', { kind: 'refuse-tcp', how: 'reset' }],
  ] as const) {
    it(`ends with status 0 on SIGTERM while ${state}`, async () => {
      simulator.faults.add(fault);
      const { log, child, exited } = await startAgentProcess({ scratch, simulator, attestation });
      await log.untilState(state);
      child.kill('SIGTERM');
      assert.deepEqual(await exited, { code: 0, signal: null });
    });
  }

  it('ends within 5 s on SIGTERM though the hub acknowledges nothing, and sends it again next time', async () => {
    simulator.faults.add({ kind: 'swallow-pubacks' });
    const stateDirectory = join(await scratch.folder(), 'state');
    const started = { scratch, simulator, attestation, stateDirectory };
    const { log, child, exited } = await startAgentProcess(started);
    await log.untilState('connected');
    const first = await simulator.messages.waitFor(() => true, AbortSignal.timeout(10_000));
    const asked = performance.now();
    child.kill('SIGTERM');
    assert.deepEqual(await exited, { code: 0, signal: null });
    assert.ok(performance.now() - asked < 5000);
    await simulator.faults.clear();
    await startAgentProcess(started);
    const isSame = ({ sequence, systemProperties }: typeof first): boolean =>
      sequence > first.sequence && systemProperties['message-id'] === first.systemProperties['message-id'];
    await simulator.messages.waitFor(isSame, AbortSignal.timeout(10_000));
  });

  it('ends at once on a second SIGTERM', async () => {
    simulator.faults.add({ kind: 'swallow-pubacks' });
    const { log, child, exited } = await startAgentProcess({ scratch, simulator, attestation });
    await simulator.messages.waitFor(() => true, AbortSignal.timeout(10_000));
    child.kill('SIGTERM');
    await log.until(({ msg }) => msg === 'SIGTERM: stopping');
    child.kill('SIGTERM');
    assert.deepEqual(await exited, { code: 143, signal: null });
  });

  it('is back after kill -9, without DPS', async () => {
    const stateDirectory = join(await scratch.folder(), 'state');
    const first = await startAgentProcess({ scratch, simulator, attestation, stateDirectory });
    await first.log.untilState('connected');
    first.child.kill('SIGKILL');
    await first.exited;
    const second = await startAgentProcess({ scratch, simulator, attestation, stateDirectory });
    await second.log.untilState('connected');
    assert.equal(dpsConnections(simulator), 1);
  });

  it('leaves a state directory to the agent that runs on it, and says what to do', async () => {
    const stateDirectory = join(await scratch.folder(), 'state');
    const first = await startAgentProcess({ scratch, simulator, attestation, stateDirectory });
    await first.log.untilState('connected');
    const { code, stderr } = await runAgent(['run', '--config', first.config], {
      STATE_DIRECTORY: stateDirectory,
    });
    assert.equal(code, 1);
    assert.equal(
      stderr,
      `dps-agent: cannot run on ${stateDirectory}: another agent, process ${first.child.pid}, does; ` +
        `stop that one first: sudo systemctl stop dps-agent, or kill ${first.child.pid}\n`,
    );
    first.child.kill('SIGTERM');
    assert.deepEqual(await first.exited, { code: 0, signal: null });
    const left = await readdir(stateDirectory);
    assert.ok(!left.includes('in-use.sock'), left.join());
  });

  it('ends with status 78 and says what is wrong with its configuration, but not the key', async () => {
    const config = join(await scratch.folder(), 'config.yaml');
    const key = newKey();
    const lines = [
      'provisioning:',
      '  source: dps',
      '  scope_id: 0ne1',
      '  attestation:',
      '    method: symmetric_key',
      '    registration_id: gateway',
      `    symmetric_kye: ${key}`,
    ];
    await writeFile(config, lines.join('\n'));
    const { code, stdout, stderr } = await runAgent(['run', '--config', config]);
    assert.equal(code, 78);
    assert.equal(stdout, '');
    assert.equal(
      stderr,
      `cannot use ${config}: 1 problem\n` +
        `${config}:7:5: provisioning.attestation.symmetric_kye: unknown key; did you mean "symmetric_key"?\n`,
    );
  });

  it('ends with status 78 when the trust bundle is not there', async () => {
    const caFile = join(await scratch.folder(), 'none.pem');
    const { exited } = await startAgentProcess({ scratch, simulator: { ...simulator, caFile }, attestation });
    assert.deepEqual(await exited, { code: 78, signal: null });
  });

  it('tells its version and its usage, and refuses what it does not know with status 64', async () => {
    assert.deepEqual(await runAgent(['--version']), { code: 0, stdout: `${agentVersion}\n`, stderr: '' });
    assert.match((await runAgent(['--help'])).stdout, /^Usage: dps-agent init .*\n {7}dps-agent run/);
    for (const [args, usage] of [
      [[], 'Usage: dps-agent COMMAND'],
      [['fly'], 'Usage: dps-agent COMMAND'],
      [['run', '--fast'], 'Usage: dps-agent run'],
    ] as const) {
      const { code, stderr } = await runAgent([...args]);
      assert.equal(code, 64, args.join(' '));
      assert.ok(stderr.includes(usage), stderr);
    }
  });
});

describe('a configuration that others may read', () => {
  it('is warned about once, with what to type, when it holds a key', async (t) => {
    const scratch = new Scratch();
    t.after(() => scratch.clean());
    const simulator = await simulatorFor(scratch);
    const attestation = enrollWithKey(simulator, 'gateway');
    const { log, config } = await startAgentProcess({ scratch, simulator, attestation, configMode: 0o644 });
    await log.untilState('connected');
    const warnings = log.lines.filter(({ msg }) => msg.includes('chmod'));
    assert.equal(warnings.length, 1);
    assert.ok(warnings[0]?.msg.includes(`chmod 640 ${config}`), warnings[0]?.msg);
  });
});
