import { afterEach, describe, it } from 'node:test';
import { SystemClock } from '../../../src/lib/clock.ts';
import { withDeadline } from '../../../src/lib/deadline.ts';
import { startAgent } from '../../support/agent.ts';
import { Scratch } from '../../support/scratch.ts';
import { enrollWithKey, simulatorFor } from '../../support/simulator.ts';

/** The program leaves behind what has not ended by then, in milliseconds: a queue that is not closed, say. */
const stopDeadlineMs = 4500;

describe('an agent that is told to stop', () => {
  const scratch = new Scratch();
  afterEach(() => scratch.clean());

  for (const [when, connack] of [
    ['while the hub does not answer its CONNECT', false],
    ['after the CONNACK, while the hub answers nothing more', true],
  ] as const)
    it(`has stopped in time, ${when}`, async () => {
      const simulator = await simulatorFor(scratch);
      const agent = await startAgent({
        scratch,
        simulator,
        attestation: enrollWithKey(simulator, 'gateway'),
      });
      await agent.log.untilState('connected');
      const from = agent.log.lines.length;
      simulator.faults.add({ kind: 'go-silent', service: 'hub', connack });
      simulator.faults.add({ kind: 'drop-connections' });
      await agent.log.untilState(connack ? 'connected' : 'connecting', undefined, from);
      const late = new Error(`it had not stopped after ${stopDeadlineMs} ms`);
      const never = new AbortController().signal;
      await withDeadline(new SystemClock(), stopDeadlineMs, late, never, () => agent.stop());
    });
});
