import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { configFor, quickRetries } from '../support/agent.ts';
import { runAgent, startAgentProcess } from '../support/agent-process.ts';
import { Scratch } from '../support/scratch.ts';
import { dpsConnections, enrollWithKey, simulatorFor } from '../support/simulator.ts';

describe('the identity, from the command line', () => {
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

  async function identity(verb: string, ...options: string[]): Promise<string> {
    const { code, stdout, stderr } = await runAgent(['identity', verb, '--config', config, ...options]);
    assert.equal(code, 0, stderr);
    return stdout;
  }

  it('is shown before and after the device has one, without its key', async () => {
    assert.match(await identity('show'), /^hub +none yet: DPS is asked at the next start$/m);
    const agent = await startAgentProcess({ scratch, simulator, attestation, stateDirectory });
    await agent.log.untilState('connected');
    const shown = await identity('show');
    assert.match(shown, /^source +DPS at localhost:\d+, ID scope \w+$/m);
    assert.match(shown, /^primary credential +symmetric_key, registration ID gateway$/m);
    assert.match(shown, new RegExp(`^hub +${String(simulator.hubs[0]?.name)}$`, 'm'));
    assert.match(shown, /^assigned +\S+ \(\d+ s ago\), with the primary credential$/m);
    assert.match(shown, /^because of +no cached assignment$/m);
    assert.match(shown, new RegExp(`^agent +running, process ${String(agent.child.pid)}$`, 'm'));
    assert.ok(!shown.includes(attestation['symmetric_key'] ?? ''));
    const report = JSON.parse(await identity('show', '--output', 'json')) as { assignment: object };
    assert.equal(
      'assignedHub' in report.assignment && report.assignment.assignedHub,
      simulator.hubs[0]?.name,
    );
  });

  it('is asked for again by the running agent', async () => {
    const agent = await startAgentProcess({ scratch, simulator, attestation, stateDirectory });
    await agent.log.untilState('connected');
    const from = agent.log.lines.length;
    assert.match(await identity('reprovision'), /^The agent \(process \d+\) asks DPS again/);
    await agent.log.untilState('connected', 10_000, from);
    assert.equal(dpsConnections(simulator), 2);
    assert.match(await identity('show'), /^because of +requested$/m);
  });

  it('is told to programs', async () => {
    const told = async (verb: string): Promise<unknown> =>
      JSON.parse(await identity(verb, '--output', 'json'));
    for (const verb of ['forget', 'reprovision'])
      assert.deepEqual(await told(verb), { asksDps: 'at-next-start' });
    const agent = await startAgentProcess({ scratch, simulator, attestation, stateDirectory });
    await agent.log.untilState('connected');
    assert.deepEqual(await told('forget'), { asksDps: 'at-next-start', runningAs: agent.child.pid });
    assert.deepEqual(await told('reprovision'), { asksDps: 'now', runningAs: agent.child.pid });
  });

  it('is forgotten, and asked for at the next start', async () => {
    for (const verb of ['forget', 'reprovision']) {
      const before = dpsConnections(simulator);
      const agent = await startAgentProcess({ scratch, simulator, attestation, stateDirectory });
      await agent.log.untilState('connected');
      agent.child.kill('SIGTERM');
      await agent.exited;
      assert.match(await identity(verb), /asks DPS at its next start/);
      const again = await startAgentProcess({ scratch, simulator, attestation, stateDirectory });
      await again.log.untilState('connected');
      again.child.kill('SIGTERM');
      await again.exited;
      assert.ok(dpsConnections(simulator) > before);
    }
    assert.equal(dpsConnections(simulator), 3);
  });
});
