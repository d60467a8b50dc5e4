import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { startAgent } from '../../support/agent.ts';
import { Scratch } from '../../support/scratch.ts';
import { enrollWithKey, putKeyEnrollment, simulatorFor } from '../../support/simulator.ts';

describe('a device that is moved', () => {
  let scratch: Scratch;
  let simulator: Simulator;

  beforeEach(async () => {
    scratch = new Scratch();
    simulator = await simulatorFor(scratch, { hubs: 2 });
  });

  afterEach(() => scratch.clean());

  it('finds its new hub by itself when the first one has disabled it', async () => {
    const [first, second] = simulator.hubs.map(({ name }) => name);
    const at = (hub: string | undefined): object => ({ allocationPolicy: 'static', iotHubs: [hub] });
    const attestation = enrollWithKey(simulator, 'mover', at(first));
    const { log } = await startAgent({ scratch, simulator, attestation });
    await simulator.messages.waitFor(({ hub }) => hub === first, AbortSignal.timeout(10_000));

    putKeyEnrollment(simulator, 'mover', attestation['symmetric_key'] ?? '', at(second));
    const { authentication } = simulator.registry.getDevice('mover', first).identity;
    simulator.registry.putDevice('mover', { authentication, status: 'disabled' }, first);

    await simulator.messages.waitFor(({ hub }) => hub === second, AbortSignal.timeout(20_000));
    assert.ok(log.lines.some((line) => line['code'] === undefined && line['hub'] === second));
  });
});
