import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { startAgent } from '../../support/agent.ts';
import type { RunningAgent } from '../../support/agent.ts';
import { Scratch } from '../../support/scratch.ts';
import { dpsConnections, enrollWithKey, simulatorFor } from '../../support/simulator.ts';

describe('re-provisioning on request', () => {
  let scratch: Scratch;
  let simulator: Simulator;
  let agent: RunningAgent;

  beforeEach(async () => {
    scratch = new Scratch();
    simulator = await simulatorFor(scratch);
    const attestation = enrollWithKey(simulator, 'gateway');
    agent = await startAgent({ scratch, simulator, attestation });
    const hasReported = AbortSignal.timeout(10_000);
    await simulator.untilTwin('gateway', ({ reported }) => 'agent' in reported.properties, hasReported);
    assert.equal(dpsConnections(simulator), 1);
  });

  afterEach(() => scratch.clean());

  /** The agent asks DPS and is back at the hub. */
  async function asksAgain(from: number): Promise<void> {
    await agent.log.untilState('provisioning', 5000, from);
    await agent.log.untilState('connected', 10_000, from);
    assert.equal(dpsConnections(simulator), 2);
  }

  it('by a direct method, which is answered first', async () => {
    const from = agent.log.lines.length;
    const result = await simulator.invokeMethod('gateway', { methodName: 'reprovision' });
    assert.deepEqual(result, { status: 200, payload: { accepted: true } });
    await asksAgain(from);
  });

  it('by a desired property, once for each value', async () => {
    const from = agent.log.lines.length;
    const { version } = simulator.patchDesired('gateway', {
      provisioning: { reprovision: 'ticket-17' },
    }).desired;
    await asksAgain(from);
    const acknowledged = await simulator.untilTwin(
      'gateway',
      ({ reported }) => JSON.stringify(reported.properties['provisioning']).includes('DPS is asked again'),
      AbortSignal.timeout(10_000),
    );
    const { reprovision } = acknowledged.reported.properties['provisioning'] as { reprovision: object };
    assert.deepEqual(reprovision, { value: 'ticket-17', ac: 200, av: version, ad: 'DPS is asked again' });
    assert.equal(dpsConnections(simulator), 2);
  });

  it('answers a direct method it does not know with 404', async () => {
    const { status, payload } = await simulator.invokeMethod('gateway', { methodName: 'selfDestruct' });
    assert.equal(status, 404);
    assert.match(JSON.stringify(payload), /there is no method selfDestruct/);
  });
});
