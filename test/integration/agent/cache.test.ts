import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { startAgent } from '../../support/agent.ts';
import type { RunningAgent } from '../../support/agent.ts';
import { Scratch } from '../../support/scratch.ts';
import {
  dpsConnections,
  enrollWithKey,
  newKey,
  putKeyEnrollment,
  simulatorFor,
} from '../../support/simulator.ts';

describe('the cached assignment', () => {
  let scratch: Scratch;
  let simulator: Simulator;
  let attestation: Readonly<Record<string, string>>;
  let stateDirectory: string;

  beforeEach(async () => {
    scratch = new Scratch();
    simulator = await simulatorFor(scratch);
    attestation = enrollWithKey(simulator, 'gateway');
    stateDirectory = join(await scratch.folder(), 'state');
    await once();
    assert.equal(dpsConnections(simulator), 1);
  });

  afterEach(() => scratch.clean());

  /** Starts the agent, waits until it is connected, and stops it. */
  async function once(over: Partial<Parameters<typeof startAgent>[0]> = {}): Promise<RunningAgent> {
    const agent = await startAgent({ scratch, simulator, attestation, stateDirectory, ...over });
    await agent.log.untilState('connected');
    await agent.stop();
    return agent;
  }

  it('spares a second start DPS', async () => {
    const { log } = await once();
    assert.equal(dpsConnections(simulator), 1);
    assert.ok(!log.lines.some((line) => line['state'] === 'provisioning'));
  });

  it('is not used when always_reprovision_on_startup is set', async () => {
    await once({ provisioning: ['always_reprovision_on_startup: true'] });
    assert.equal(dpsConnections(simulator), 2);
  });

  it('is not used for another registration ID', async () => {
    await once({ attestation: enrollWithKey(simulator, 'another-gateway') });
    assert.equal(dpsConnections(simulator), 2);
  });

  it('is not used with another key', async () => {
    const symmetric_key = newKey();
    putKeyEnrollment(simulator, 'gateway', symmetric_key);
    await once({ attestation: { ...attestation, symmetric_key } });
    assert.equal(dpsConnections(simulator), 2);
  });

  it('is not used with another payload', async () => {
    await once({ provisioning: ['payload: {modelId: "dtmi:example:gateway;1"}'] });
    assert.equal(dpsConnections(simulator), 2);
  });

  it('is not used for another ID scope', async () => {
    const elsewhere = await simulatorFor(scratch, { scopeId: '0neOTHER' });
    putKeyEnrollment(elsewhere, 'gateway', attestation['symmetric_key'] ?? '');
    await once({ simulator: elsewhere });
    assert.equal(dpsConnections(elsewhere), 1);
  });

  it('is set aside when it is damaged, and DPS asked', async () => {
    await writeFile(join(stateDirectory, 'assignment.json'), '{"format": 1, "finger');
    const { log } = await once();
    assert.equal(dpsConnections(simulator), 2);
    assert.ok(log.lines.some(({ msg }) => msg.includes('was damaged')));
    assert.ok((await readdir(stateDirectory)).includes('assignment.json.damaged'));
  });

  it('serves a start while DPS is out of order', async () => {
    simulator.faults.add({ kind: 'refuse-connect', service: 'dps', code: 3 });
    await once();
    assert.equal(dpsConnections(simulator), 1);
  });
});
