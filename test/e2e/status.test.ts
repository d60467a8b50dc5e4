import assert from 'node:assert/strict';
import { lstat, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { AgentStatus } from '../../src/local-api/status.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { configFor, quickRetries } from '../support/agent.ts';
import { runAgent, startAgentProcess } from '../support/agent-process.ts';
import type { AgentProcess } from '../support/agent-process.ts';
import { Scratch } from '../support/scratch.ts';
import { enrollWithKey, simulatorFor } from '../support/simulator.ts';

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
    const sections = [`state_directory: ${stateDirectory}`, quickRetries];
    await writeFile(config, configFor({ simulator, attestation, sections }), { mode: 0o600 });
    return startAgentProcess({ scratch, simulator, attestation, stateDirectory });
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

  it('says that no agent runs, and what to type', async () => {
    const agent = await startEnrolled();
    await agent.log.untilState('connected');
    agent.child.kill('SIGTERM');
    await agent.exited;
    await assert.rejects(lstat(join(stateDirectory, 'agent.sock')), { code: 'ENOENT' });
    const { code, stdout, stderr } = await runAgent(['status', '--config', config]);
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /the agent is not running/);
    assert.match(stderr, /systemctl status dps-agent/);
    assert.match(stderr, /dps-agent run/);
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
    assert.equal((await runAgent(['status', '--config', config])).code, 1);
    const again = await startEnrolled();
    await again.log.untilState('connected');
    assert.equal((await statusAsJson()).agent.pid, again.child.pid);
  });
});
