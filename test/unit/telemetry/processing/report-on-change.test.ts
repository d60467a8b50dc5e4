import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Band } from '../../../../src/config/inputs/processing.ts';
import type { JsonObject } from '../../../../src/lib/json.ts';
import { Processor } from '../../../../src/telemetry/processing/processor.ts';
import { FakeClock } from '../../../fakes/fake-clock.ts';
import { RecordingLog } from '../../../fakes/recording-log.ts';

const minute = 60_000;

describe('report_on_change', () => {
  it('passes the first reading, then those that moved by more than the band since the last that went on', () => {
    const { passes } = reporting({ temp: { by: 0.5 } });
    assert.deepEqual(
      [20, 20.4, 20.5, 20.6, 21, 20.2, 20.05].map((temp) => passes({ temp })),
      [true, false, false, true, false, false, true],
    );
  });

  it('is not moved by a small drift at a time, only by its sum', () => {
    const { passes } = reporting({ temp: { by: 0.5 } });
    const drift = Array.from({ length: 13 }, (_, step) => passes({ temp: 20 + step / 10 }));
    assert.deepEqual(
      drift.flatMap((passed, step) => (passed ? [step] : [])),
      [0, 6, 12],
    );
  });

  it('takes a step of just the band for none, whatever binary makes of it', () => {
    const { passes } = reporting({ temp: { by: 0.1 } });
    assert.ok(1.1 - 1 > 0.1);
    assert.deepEqual([passes({ temp: 1 }), passes({ temp: 1.1 })], [true, false]);
  });

  it('counts a percentage from the value that went on last', () => {
    const { passes } = reporting({ power: { percent: 2 } });
    assert.deepEqual(
      [1000, 1020, 1021, 1001, 1000, 0, 0, 1e-9].map((power) => passes({ power })),
      [true, false, true, false, true, true, false, true],
    );
  });

  it('passes any change where the band is 0 or any, also within what a value holds', () => {
    const { passes } = reporting({ n: { by: 0 }, state: 'any' });
    const values = [
      { n: 1, state: { on: true } },
      { n: 1, state: { on: true } },
      { n: 1, state: { on: false } },
      { n: 1.0000001, state: { on: false } },
    ];
    assert.deepEqual(values.map(passes), [true, false, true, true]);
  });

  it('passes a value that becomes text, that comes and that goes', () => {
    const { passes } = reporting({ 'temp*': { by: 10 } });
    const values = [
      { temp: 1 },
      { temp: 'n/a' },
      { temp: 'n/a' },
      { temp: 'n/a', temp2: 1 },
      { temp2: 1 },
      {},
    ];
    assert.deepEqual(
      values.map((one) => passes({ ...one, other: 1 })),
      [true, true, false, true, true, true],
    );
  });

  it('lets the others ride along, and is not moved by them', () => {
    const { processor, passes } = reporting({ temp: { by: 0.5 } });
    passes({ temp: 20, humidity: 50 });
    assert.equal(passes({ temp: 20, humidity: 99 }), false);
    assert.deepEqual(processor.push({ values: { temp: 22, humidity: 98 }, timeMs: 5 }), [
      { values: { temp: 22, humidity: 98 }, timeMs: 5 },
    ]);
  });

  it('passes what has not moved once the longest silence is over, and says nothing by itself', async () => {
    const { processor, passes, clock } = reporting({ temp: { by: 0.5 } });
    passes({ temp: 20 });
    await clock.advance(10 * minute - 1);
    assert.equal(passes({ temp: 20 }), false);
    await clock.advance(1);
    assert.deepEqual([processor.dueMs, processor.due()], [undefined, []]);
    assert.deepEqual([passes({ temp: 20 }), passes({ temp: 20 })], [true, false]);
  });

  it('counts the silence on the monotonic clock', async () => {
    const { passes, clock } = reporting({ temp: { by: 0.5 } });
    passes({ temp: 20 });
    clock.stepWallClock(24 * 60 * minute);
    await clock.advance(minute);
    assert.equal(passes({ temp: 20 }), false);
  });

  it('compares each component with itself', () => {
    const { processor } = reporting({ temp: { by: 0.5 } });
    const passed = ['a', 'b', undefined, 'a', 'b', undefined].map(
      (component, index) =>
        processor.push({ values: { temp: index % 3 }, ...(component === undefined ? {} : { component }) })
          .length,
    );
    assert.deepEqual(passed, [1, 1, 1, 0, 0, 0]);
  });

  it('remembers a thousand components, passes all the readings of others and says so once', () => {
    const { processor, log } = reporting({ temp: { by: 0.5 } });
    const pass = (component: string): number => processor.push({ values: { temp: 1 }, component }).length;
    for (let index = 0; index < 1000; index += 1) pass(`c${index}`);
    assert.deepEqual([pass('c999'), pass('c1000'), pass('c1000'), pass('c1001')], [0, 1, 1, 1]);
    assert.equal(log.messages('warn').length, 1);
  });

  it('never leaves a consumer further off than the band', () => {
    const readings = fc.array(fc.double({ min: -1000, max: 1000, noNaN: true }), { maxLength: 50 });
    fc.assert(
      fc.property(readings, fc.double({ min: 0, max: 100, noNaN: true }), (temps, by) => {
        const { passes } = reporting({ temp: { by } });
        let known = NaN;
        for (const temp of temps) {
          if (passes({ temp })) known = temp;
          assert.ok(Math.abs(temp - known) <= by + 1e-8);
        }
      }),
    );
  });
});

interface Reporting {
  readonly processor: Processor;
  readonly clock: FakeClock;
  readonly log: RecordingLog;
  readonly passes: (values: JsonObject) => boolean;
}

function reporting(values: Readonly<Record<string, Band>>): Reporting {
  const [clock, log] = [new FakeClock(), new RecordingLog()];
  const step = { kind: 'report_on_change', values, maxSilenceMs: 10 * minute } as const;
  const processor = new Processor([step], clock, log);
  return { processor, clock, log, passes: (given) => processor.push({ values: given }).length === 1 };
}
