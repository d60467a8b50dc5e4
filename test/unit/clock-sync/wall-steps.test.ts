import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WallSteps } from '../../../src/clock-sync/wall-steps.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';

describe('steps of the wall clock', () => {
  it('are none while both clocks go on together', async () => {
    const clock = new FakeClock();
    const steps = new WallSteps(clock);
    await clock.advance(86_400_000);
    assert.equal(steps.take(), 0);
  });

  for (const stepMs of [86_400_000, -86_400_000, 10_001, -10_001]) {
    it(`are told once with their size: ${stepMs} ms`, async () => {
      const clock = new FakeClock();
      const steps = new WallSteps(clock);
      await clock.advance(5000);
      clock.stepWallClock(stepMs);
      assert.equal(steps.take(), stepMs);
      assert.equal(steps.take(), 0);
    });
  }

  it('are none while NTP slews, however far that goes in the end', () => {
    const clock = new FakeClock();
    const steps = new WallSteps(clock);
    for (let tick = 0; tick < 100; tick++) {
      clock.stepWallClock(2500);
      assert.equal(steps.take(), 0);
    }
  });
});
