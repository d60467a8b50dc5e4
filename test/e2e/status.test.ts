import assert from 'node:assert/strict';
import { lstat, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { AgentStatus } from '../../src/local-api/status.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import type { Twin } from '../../src/simulator/twin.ts';
import { configFor, quickRetries } from '../support/agent.ts';
import { runAgent, startAgentProcess } from '../support/agent-process.ts';
import type { AgentProcess } from '../support/agent-process.ts';
import { Scratch } from '../support/scratch.ts';
import { enrollWithKey, simulatorFor } from '../support/simulator.ts';
import { followDpsAgent } from './cli-program.ts';

/** Who is refused waits for longer than it takes to ask what it waits for. */
const patientRetries =
  'connection: {retry: {initial: 100ms, maximum: 1s}, rejected_retry: {initial: 5m, maximum: 5m}, reprovision_spread: 0s}';

/** A line of `--watch --output json`. */
interface Watched {
  readonly agent?: { readonly pid: number };
  readonly error?: string;
}

describe('the status, from the command line', () => {
  let scratch: Scratch;
  let simulator: Simulator;
  let stateDirectory: string;
  let config: string;

  beforeEach(async () => {
    scratch = new Scratch();
    simulator = await simulatorFor(scratch);
    stateDirectory = join(await scratch.folder(), 'state');
    config = join(await scratch.folder(), 'config.yaml');
  });

  afterEach(() => scratch.clean());

  async function startEnrolled(over: object = {}): Promise<AgentProcess> {
    const attestation = enrollWithKey(simulator, 'gateway', over);
    const sections = [`state_directory: ${stateDirectory}`, patientRetries];
    await writeFile(config, configFor({ simulator, attestation, sections }), { mode: 0o600 });
    return startAgentProcess({ scratch, simulator, attestation, stateDirectory, sections: [patientRetries] });
  }

  async function status(...options: string[]): Promise<string> {
    const { code, stdout, stderr } = await runAgent(['status', '--config', config, ...options]);
    assert.equal(code, 0, stderr);
    return stdout;
  }

  async function statusAsJson(): Promise<AgentStatus> {
    return JSON.parse(await status('--output', 'json')) as AgentStatus;
  }

  it('has its numbers for a monitor on the same socket', async () => {
    const agent = await startEnrolled();
    await agent.log.untilState('connected');
    const socketPath = join(stateDirectory, 'agent.sock');
    const text = await new Promise<string>((resolve, reject) => {
      get({ socketPath, path: '/v1/metrics' }, (response) => {
        assert.match(String(response.headers['content-type']), /^text\/plain; version=0\.0\.4/);
        response.setEncoding('utf8').once('data', resolve);
      }).once('error', reject);
    });
    assert.match(text, /^dps_agent_connected 1$/m);
    assert.match(text, /^dps_agent_queue_messages\{priority="normal"\} \d+$/m);
  });

  it('is told by a connected agent', async () => {
    const agent = await startEnrolled();
    await agent.log.untilState('connected');
    const hub = String(simulator.hubs[0]?.name);
    const text = await status();
    assert.match(
      text,
      new RegExp(`^agent +\\S+, process ${String(agent.child.pid)}, running for \\d+ s$`, 'm'),
    );
    assert.match(text, /^state +connected for \d+ s, since /m);
    assert.match(text, new RegExp(`^hub +${hub}$`, 'm'));
    assert.match(text, /^assigned +by DPS \d+ s ago, because of: no cached assignment$/m);
    assert.match(text, /^credential +primary$/m);
    const { state, identity } = await statusAsJson();
    assert.equal(state.name, 'connected');
    assert.deepEqual([state.hub, state.device], [hub, 'gateway']);
    assert.equal(identity.credential, 'primary');
  });

  it('is asked for where the configuration has the socket', async () => {
    const path = join(await scratch.folder(), 'own.sock');
    const attestation = enrollWithKey(simulator, 'gateway');
    const sections = [`local_api: {path: ${path}}`, quickRetries];
    const agent = await startAgentProcess({ scratch, simulator, attestation, stateDirectory, sections });
    await agent.log.untilState('connected');
    await assert.rejects(lstat(join(stateDirectory, 'agent.sock')), { code: 'ENOENT' });
    const { code, stdout } = await runAgent(['status', '--config', agent.config, '--output', 'json']);
    assert.equal(code, 0);
    assert.equal((JSON.parse(stdout) as AgentStatus).agent.pid, agent.child.pid);
  });

  it('says what an agent waits for', async () => {
    const agent = await startEnrolled({ provisioningStatus: 'disabled' });
    await agent.log.untilCode('DPS-DISABLED');
    const { state } = await statusAsJson();
    assert.deepEqual([state.name, state.code], ['waiting', 'DPS-DISABLED']);
    const text = await status();
    assert.match(text, /^error +cannot .*the enrollment is disabled.* \[DPS-DISABLED\]$/m);
    assert.match(text, /^remedy +enable the enrollment in DPS/m);
  });

  it('says that no agent runs, what it left behind and what to type', async () => {
    const agent = await startEnrolled();
    await agent.log.untilState('connected');
    agent.child.kill('SIGTERM');
    await agent.exited;
    await assert.rejects(lstat(join(stateDirectory, 'agent.sock')), { code: 'ENOENT' });
    const { code, stdout, stderr } = await runAgent(['status', '--config', config]);
    assert.deepEqual([code, stderr], [3, '']);
    assert.match(stdout, /^agent +not running$/m);
    assert.match(stdout, new RegExp(`^hub +${String(simulator.hubs[0]?.name)}, as gateway$`, 'm'));
    assert.match(stdout, /^queue +\d+ KB on the disk$/m);
    assert.match(stdout, /^next +to run it in this terminal: dps-agent run$/m);
    const asJson = await runAgent(['status', '--config', config, '--output', 'json']);
    assert.equal(asJson.code, 3);
    const { running, assignment } = JSON.parse(asJson.stdout) as {
      running: boolean;
      assignment: { device: string };
    };
    assert.deepEqual([running, assignment.device], [false, 'gateway']);
  });

  it('is only whether the agent is well, for a HEALTHCHECK', async () => {
    const agent = await startEnrolled({ provisioningStatus: 'disabled' });
    await agent.log.untilCode('DPS-DISABLED');
    const check = ['status', '--check', '--config', config];
    // Offline, and well all the same.
    assert.deepEqual(await runAgent(check), { code: 0, stdout: 'healthy: waiting\n', stderr: '' });
    agent.child.kill('SIGSTOP');
    const hung = await runAgent(check);
    assert.equal(hung.code, 1);
    assert.match(
      hung.stderr,
      /no answer within 5 s; if it stays so it hangs: sudo systemctl restart dps-agent/,
    );
    agent.child.kill('SIGKILL');
    await agent.exited;
    const gone = await runAgent(check);
    assert.equal(gone.code, 1);
    assert.match(gone.stderr, /the agent is not running/);
  });

  it('is told again and again, over a restart of the agent, until it is interrupted', async () => {
    const first = await startEnrolled();
    await first.log.untilState('connected');
    const watch = ['status', '--watch', '1', '--output', 'json', '--config', config];
    const watching = followDpsAgent(scratch, watch);
    const untilLine = (wanted: (line: Watched) => boolean): Promise<string> =>
      watching.untilLine((line) => wanted(JSON.parse(line) as Watched));
    await untilLine(({ agent }) => agent?.pid === first.child.pid);
    first.child.kill('SIGTERM');
    await first.exited;
    await untilLine(({ error }) => error?.includes('the agent is not running') === true);
    const second = await startEnrolled();
    await untilLine(({ agent }) => agent?.pid === second.child.pid);
    watching.child.kill('SIGINT');
    assert.deepEqual(await watching.ended, { code: 0, signal: null });
  });

  it('tells an agent that runs without its socket from one that does not run', async () => {
    const agent = await startEnrolled();
    await agent.log.untilState('connected');
    await rm(join(stateDirectory, 'agent.sock'));
    const { code, stderr } = await runAgent(['status', '--config', config]);
    assert.equal(code, 1);
    assert.match(
      stderr,
      new RegExp(`the agent runs \\(process ${String(agent.child.pid)}\\), but nobody listens`),
    );
  });

  it('is told again after the agent was killed and started anew', async () => {
    const killed = await startEnrolled();
    await killed.log.untilState('connected');
    killed.child.kill('SIGKILL');
    await killed.exited;
    assert.equal((await runAgent(['status', '--config', config])).code, 3);
    const again = await startEnrolled();
    await again.log.untilState('connected');
    assert.equal((await statusAsJson()).agent.pid, again.child.pid);
  });

  it('says once that the run before was killed, and not that one ended in order', async () => {
    const killed = await startEnrolled();
    await killed.log.untilState('connected');
    killed.child.kill('SIGKILL');
    await killed.exited;
    const after = await startEnrolled();
    const { process: pid } = await after.log.untilCode('RUN-KILLED');
    assert.equal(pid, killed.child.pid);
    await after.log.untilState('connected');
    assert.match(
      await status(),
      /^past .*the run before did not end in order.* \[RUN-KILLED\] – .*journalctl/m,
    );
    const isToldInTwin = ({ reported }: Twin): boolean =>
      JSON.stringify(reported.properties).includes('"code":"RUN-KILLED"');
    await simulator.untilTwin('gateway', isToldInTwin, AbortSignal.timeout(15_000));
    after.child.kill('SIGTERM');
    await after.exited;
    const inOrder = await startEnrolled();
    await inOrder.log.untilState('connected');
    assert.deepEqual((await statusAsJson()).errors, []);
  });
});
