import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Figure, ProcessingStep } from '../../../../src/config/inputs/processing.ts';
import { Processor } from '../../../../src/telemetry/processing/processor.ts';
import { FakeClock } from '../../../fakes/fake-clock.ts';
import { RecordingLog } from '../../../fakes/recording-log.ts';

const minute = 60_000;
const start = Date.UTC(2026, 0, 1);
const every: readonly Figure[] = ['min', 'mean', 'max', 'last', 'count'];

describe('window', () => {
  it('makes one reading of those in it, with the time of its end', async () => {
    const { processor, clock } = windows({ temp: every });
    for (const temp of [20, 26, 23]) {
      assert.deepEqual(processor.push({ values: { temp } }), []);
      await clock.advance(minute);
    }
    assert.equal(processor.dueMs, 5 * minute);
    assert.deepEqual(processor.due(), []);
    await clock.advance(2 * minute);
    assert.deepEqual(processor.due(), [
      {
        values: { tempMin: 20, tempMean: 23, tempMax: 26, tempLast: 23, tempCount: 3 },
        timeMs: start + 5 * minute,
      },
    ]);
    assert.deepEqual([processor.dueMs, processor.due(), processor.drain()], [undefined, [], []]);
  });

  it('closes with the next reading when nobody asked in time, still with the time of its end', async () => {
    const { processor, clock } = windows({ temp: ['last'] });
    processor.push({ values: { temp: 1 } });
    await clock.advance(7 * minute);
    assert.deepEqual(processor.push({ values: { temp: 2 } }), [
      { values: { tempLast: 1 }, timeMs: start + 5 * minute },
    ]);
    assert.equal(processor.dueMs, 10 * minute);
  });

  it('keeps to spans counted from the first reading, and says nothing of one without', async () => {
    const { processor, clock } = windows({ temp: ['count'] });
    await clock.advance(30_000);
    processor.push({ values: { temp: 1 } });
    await clock.advance(17 * minute);
    assert.equal(processor.due().length, 1);
    processor.push({ values: { temp: 1 } });
    assert.equal(processor.dueMs, 30_000 + 20 * minute);
  });

  it('is not led astray by a wall clock that jumps, and ends by the new time', async () => {
    const { processor, clock } = windows({ temp: ['last'] });
    processor.push({ values: { temp: 1 } });
    clock.stepWallClock(3 * 60 * minute);
    await clock.advance(5 * minute);
    assert.deepEqual(processor.due(), [{ values: { tempLast: 1 }, timeMs: start + (3 * 60 + 5) * minute }]);
  });

  it('keeps components apart', async () => {
    const { processor, clock } = windows({ temp: ['last'] });
    processor.push({ values: { temp: 1 }, component: 'a' });
    processor.push({ values: { temp: 2 } });
    processor.push({ values: { temp: 3 }, component: 'a' });
    await clock.advance(5 * minute);
    const timeMs = start + 5 * minute;
    assert.deepEqual(processor.due(), [
      { values: { tempLast: 3 }, timeMs, component: 'a' },
      { values: { tempLast: 2 }, timeMs },
    ]);
  });

  it('leaves out what it is not told of, and of text tells last and count only', async () => {
    const { processor, clock, log } = windows({ state: every, note: ['last'] });
    processor.push({ values: { state: 'on', note: 'a', other: 1 } });
    processor.push({ values: { state: 'off', note: 'b', other: 1 } });
    await clock.advance(5 * minute);
    assert.deepEqual(
      processor.due().map(({ values }) => values),
      [{ stateLast: 'off', stateCount: 2, noteLast: 'b' }],
    );
    assert.deepEqual(log.messages('warn'), ['cannot take the min, mean or max of state: it is not a number']);
  });

  it('says nothing when there is nothing to say', async () => {
    const { processor, clock } = windows({ '*': ['mean'] });
    processor.push({ values: { state: 'on' } });
    await clock.advance(5 * minute);
    assert.deepEqual([processor.due(), processor.dueMs], [[], undefined]);
  });

  it('gives what it holds at the end, cut short', async () => {
    const { processor, clock } = windows({ temp: ['count'] });
    assert.deepEqual(processor.drain(), []);
    processor.push({ values: { temp: 1 } });
    await clock.advance(minute);
    assert.deepEqual(processor.drain(), [{ values: { tempCount: 1 }, timeMs: start + minute }]);
    assert.deepEqual(processor.drain(), []);
  });

  it('holds a thousand names, and says once how many values it left out', async () => {
    const { processor, clock, log } = windows({ '*': ['last'] });
    for (let round = 0; round < 2; round += 1) {
      for (let index = 0; index < 1003; index += 1)
        processor.push({ values: { [`v${index}`]: 1 }, component: `c${index}` });
      await clock.advance(5 * minute);
      assert.equal(processor.due().length, 1000);
    }
    assert.deepEqual(log.messages('warn'), [
      'cannot hold more than 1000 names in one window: 3 values were left out',
    ]);
  });

  it('tells figures that are true of any numbers', () => {
    const numbers = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), {
      minLength: 1,
      maxLength: 40,
    });
    fc.assert(
      fc.property(numbers, (given) => {
        const { processor } = windows({ x: every });
        for (const x of given) processor.push({ values: { x } });
        const [reading] = processor.drain();
        const { xMin, xMean, xMax, xLast, xCount } = reading?.values ?? {};
        assert.equal(
          xMin,
          given.reduce((a, b) => Math.min(a, b)),
        );
        assert.equal(
          xMax,
          given.reduce((a, b) => Math.max(a, b)),
        );
        assert.deepEqual([xLast, xCount], [given.at(-1), given.length]);
        assert.ok(typeof xMean === 'number' && xMean >= xMin && xMean <= xMax);
        const exact = given.reduce((sum, x) => sum + x / given.length, 0);
        const largest = given.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
        // Of numbers next to nothing, each division may be off by the least there is.
        const least = 2 * given.length * Number.MIN_VALUE;
        assert.ok(Math.abs(xMean - exact) <= largest * 1e-12 + least);
      }),
    );
  });
});

describe('windows one after the other', () => {
  it('hand what they let go to the steps behind them, and give all they hold at the end', async () => {
    const hour: ProcessingStep = { kind: 'window', everyMs: 60 * minute, values: { tempMean: ['max'] } };
    const { processor, clock } = windows({ temp: ['mean'] }, hour);
    for (const temp of [10, 20, 30]) {
      processor.push({ values: { temp } });
      await clock.advance(5 * minute);
      assert.deepEqual(processor.due(), []);
    }
    assert.equal(processor.dueMs, 65 * minute);
    processor.push({ values: { temp: 40 } });
    assert.equal(processor.dueMs, 20 * minute);
    assert.deepEqual(
      processor.drain().map(({ values }) => values),
      [{ tempMeanMax: 40 }],
    );
  });
});

function windows(
  values: Readonly<Record<string, readonly Figure[]>>,
  ...behind: ProcessingStep[]
): { processor: Processor; clock: FakeClock; log: RecordingLog } {
  const [clock, log] = [new FakeClock(new Date(start)), new RecordingLog()];
  const processor = new Processor([{ kind: 'window', everyMs: 5 * minute, values }, ...behind], clock, log);
  return { processor, clock, log };
}
