import assert from 'node:assert/strict';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { CheckResult } from '../../src/checks/run-checks.ts';
import { allChecks } from '../../src/checks/table.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { configFor, quickRetries } from '../support/agent.ts';
import { startAgentProcess } from '../support/agent-process.ts';
import type { AgentProcess } from '../support/agent-process.ts';
import { Scratch } from '../support/scratch.ts';
import { dpsConnections, enrollWithKey, simulatorFor } from '../support/simulator.ts';
import { dpsAgent } from './cli-program.ts';
import type { Ran } from './cli-program.ts';

/** What is about this machine, and not about what the tests do. */
const aboutTheMachine = ['clock', 'clock-offset', 'unit', 'disk-space'].flatMap((id) => ['--dont-run', id]);

describe('dps-agent check', () => {
  let scratch: Scratch;
  let simulator: Simulator;
  let attestation: Readonly<Record<string, string>>;
  let stateDirectory: string;
  let config: string;

  beforeEach(async () => {
    scratch = new Scratch();
    simulator = await simulatorFor(scratch);
    attestation = enrollWithKey(simulator, 'gateway');
    stateDirectory = join(await scratch.folder(), 'state');
    config = join(await scratch.folder(), 'config.yaml');
    const sections = [`state_directory: ${stateDirectory}`, quickRetries];
    await writeFile(config, configFor({ simulator, attestation, sections }), { mode: 0o600 });
  });

  afterEach(() => scratch.clean());

  function check(...options: string[]): Promise<Ran> {
    return dpsAgent(['check', '--config', config, ...aboutTheMachine, ...options], {
      env: { STATE_DIRECTORY: stateDirectory },
    });
  }

  async function results(...options: string[]): Promise<(id: string) => CheckResult> {
    const { stdout, stderr } = await check('--output', 'json', ...options);
    const { results: all } = JSON.parse(stdout || `{"results": ${JSON.stringify(stderr)}}`) as {
      results: CheckResult[];
    };
    assert.deepEqual(
      all.map(({ id }) => id),
      allChecks.map(({ id }) => id),
    );
    return (id) => all.find((each) => each.id === id) ?? assert.fail(id);
  }

  async function connectedAgent(): Promise<AgentProcess> {
    const agent = await startAgentProcess({ scratch, simulator, attestation, stateDirectory });
    await agent.log.untilState('connected');
    return agent;
  }

  it('goes all the way to the twin, and tells it line by line, in its order', async () => {
    const { code, stdout, stderr } = await check();
    assert.deepEqual([code, stderr], [0, '']);
    const told = [...stdout.matchAll(/^(?:ok|skipped|warning|error) +(\S+) /gm)].map(([, id]) => id);
    assert.deepEqual(
      told,
      allChecks.map(({ id }) => id),
    );
    assert.match(
      stdout,
      /^ok +hub-connect +\S+ accepts gateway \(\d+ ms\)\n +tcp \d+ ms, tls \d+ ms, connack \d+ ms$/m,
    );
    assert.match(stdout, /\n\d+ ok, 0 warnings, 0 errors, \d+ skipped, in \d+\.\d s\n$/);
    assert.ok(!stdout.includes(attestation['symmetric_key'] ?? 'a key'));
  });

  it('makes of a warning an error only when asked to', async () => {
    await chmod(config, 0o644);
    const { code, stdout } = await check('--offline');
    assert.equal(code, 0);
    assert.match(stdout, /^warning +permissions .*\n(?: .*\n)* +to type: chmod 640 /m);
    assert.equal((await check('--offline', '--warnings-as-errors')).code, 1);
  });

  it('has status 1 for an error, and 78 for a configuration that cannot be used', async () => {
    simulator.faults.add({ kind: 'refuse-connect', service: 'hub', code: 5 });
    const { code, stdout } = await check();
    assert.equal(code, 1);
    assert.match(stdout, /^error +hub-connect .*\[HUB-CONNACK-5\]/m);
    await writeFile(config, 'provisioning: {source: dsp}\n');
    assert.equal((await check()).code, 78);
  });

  it('refuses a check that there is not', async () => {
    const { code, stderr } = await check('--dont-run', 'dps-dsn');
    assert.equal(code, 64);
    assert.match(stderr, /there is no check "dps-dsn"; did you mean "dps-dns"\?/);
  });

  it('lists what it looks at', async () => {
    const { stdout } = await check('--list');
    assert.deepEqual(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => line.split(' ')[0]),
      allChecks.map(({ id }) => id),
    );
  });

  it('does not disturb an agent that runs, and tells what that one says', async () => {
    const agent = await connectedAgent();
    const from = agent.log.lines.length;
    const registrations = dpsConnections(simulator);
    const of = await results();
    assert.match(of('dps-register').seen, /^the running agent was assigned to /);
    assert.match(of('hub-connect').seen, /^the running agent is connected to /);
    assert.equal(of('hub-twin').seen, 'the running agent has the session');
    assert.equal(of('socket').status, 'ok');
    assert.equal(of('hub-tls').status, 'ok');
    assert.equal(dpsConnections(simulator), registrations);
    assert.equal(
      agent.log.lines.slice(from).find(({ msg }) => msg.includes('lost')),
      undefined,
    );
    assert.equal(simulator.connections.current().filter(({ service }) => service === 'hub').length, 1);
  });

  it('is made by the agent itself from inside', async () => {
    const agent = await connectedAgent();
    const of = await results('--inside');
    assert.match(of('state-directory').seen, /can be written to by the agent’s own user$/);
    assert.match(of('hub-connect').seen, /^the running agent is connected to /);
    assert.equal(of('dps-tls').status, 'ok');
    agent.child.kill('SIGTERM');
    await agent.exited;
    const { code, stderr } = await check('--inside');
    assert.equal(code, 1);
    assert.match(stderr, /cannot check from inside: the agent is not running/);
  });

  it('tells of an agent that waits what it waits for', async () => {
    const own = enrollWithKey(simulator, 'other', { provisioningStatus: 'disabled' });
    const agent = await startAgentProcess({ scratch, simulator, attestation: own, stateDirectory });
    await agent.log.untilCode('DPS-DISABLED');
    const { status, code, remedy } = (await results())('dps-register');
    assert.deepEqual([status, code], ['error', 'DPS-DISABLED']);
    assert.match(remedy ?? '', /enable the enrollment/);
  });
});
