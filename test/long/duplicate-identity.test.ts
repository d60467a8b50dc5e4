import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startAgent } from '../support/agent.ts';
import { Scratch } from '../support/scratch.ts';
import { enrollWithKey, simulatorFor } from '../support/simulator.ts';

const minutes = 3;
/** The waits of a real device; telemetry every second, so that both have something to say. */
const sections = ['telemetry: {inputs: [{name: system, type: system, interval: 1s}]}'];

describe('two devices with one identity', () => {
  it('is named, and they connect less than four times a minute together, over three minutes', async (t) => {
    const scratch = new Scratch();
    t.after(() => scratch.clean());
    const simulator = await simulatorFor(scratch);
    const attestation = enrollWithKey(simulator, 'cloned');
    const agents = [
      await startAgent({ scratch, simulator, attestation, sections }),
      await startAgent({ scratch, simulator, attestation, sections }),
    ];
    const named = Promise.any(agents.map(({ log }) => log.untilCode('DUPLICATE-IDENTITY', 60_000)));
    await new Promise((resolve) => setTimeout(resolve, minutes * 60_000));
    await named;
    const connects = simulator.connections.history().filter(({ service }) => service === 'hub');
    t.diagnostic(`${connects.length} connects in ${minutes} minutes`);
    assert.ok(connects.length < 4 * minutes, `${connects.length} connects in ${minutes} minutes`);
  });
});
