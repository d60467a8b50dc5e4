import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { ProcessingStep } from '../../../../src/config/inputs/processing.ts';
import { Processor } from '../../../../src/telemetry/processing/processor.ts';
import { FakeClock } from '../../../fakes/fake-clock.ts';
import { RecordingLog } from '../../../fakes/recording-log.ts';

describe('no steps', () => {
  it('hand on the very reading that came', () => {
    const { processor } = processing();
    const reading = { values: { temp: 1 }, timeMs: 5, component: 'tank' };
    const passed = processor.push(reading);
    assert.equal(passed.length, 1);
    assert.equal(passed[0], reading);
    assert.equal(processor.dueMs, undefined);
    assert.deepEqual([...processor.due(), ...processor.drain()], []);
  });
});

describe('rename', () => {
  it('gives values other names and leaves time, component and order as they are', () => {
    const { processor } = processing({ kind: 'rename', names: { t: 'temp' } });
    const [reading] = processor.push({ values: { a: 1, t: 2, b: 3 }, timeMs: 7, component: 'tank' });
    assert.deepEqual(reading, { values: { a: 1, temp: 2, b: 3 }, timeMs: 7, component: 'tank' });
    assert.deepEqual(Object.keys(reading.values), ['a', 'temp', 'b']);
  });

  it('lets two values change places', () => {
    const { processor } = processing({ kind: 'rename', names: { a: 'b', b: 'a' } });
    assert.deepEqual(processor.push({ values: { a: 1, b: 2 } }), [{ values: { b: 1, a: 2 } }]);
  });

  it('says once that a value gave way to one renamed to its name', () => {
    const { processor, log } = processing({ kind: 'rename', names: { t: 'temp' } });
    for (let time = 0; time < 3; time += 1)
      assert.deepEqual(processor.push({ values: { temp: 1, t: 2 } }), [{ values: { temp: 2 } }]);
    assert.deepEqual(processor.push({ values: { temp: 1 } }), [{ values: { temp: 1 } }]);
    assert.deepEqual(log.messages('warn'), ['cannot keep the value temp: another was renamed to it']);
  });

  it('takes a value named __proto__ for one like any other', () => {
    const { processor } = processing({ kind: 'rename', names: { t: '__proto__' } });
    const [reading] = processor.push({ values: { t: 2 } });
    assert.deepEqual(Object.entries(reading?.values ?? {}), [['__proto__', 2]]);
  });
});

describe('select', () => {
  it('keeps what is named, by name or pattern', () => {
    const { processor } = processing({ kind: 'select', patterns: ['temp', 'cpu*', '*.x'] });
    const values = { temp: 1, temp2: 2, cpu: 3, cpuPercent: 4, 'a.x': 5, ax: 6 };
    assert.deepEqual(processor.push({ values }), [{ values: { temp: 1, cpu: 3, cpuPercent: 4, 'a.x': 5 } }]);
  });

  it('ends a reading of which nothing is left', () => {
    const { processor } = processing({ kind: 'select', patterns: ['temp'] });
    assert.deepEqual(processor.push({ values: { humidity: 1 } }), []);
  });

  it('takes every other sign in a pattern for itself', () => {
    const printable = fc.string({ minLength: 1, maxLength: 8 }).filter((name) => !name.includes('*'));
    fc.assert(
      fc.property(printable, printable, (pattern, name) => {
        const { processor } = processing({ kind: 'select', patterns: [pattern] });
        assert.equal(processor.push({ values: { [name]: 1 } }).length, pattern === name ? 1 : 0);
        const around = processing({ kind: 'select', patterns: [`*${pattern}*`] }).processor;
        assert.equal(around.push({ values: { [name]: 1 } }).length, name.includes(pattern) ? 1 : 0);
      }),
    );
  });
});

describe('scale', () => {
  it('multiplies, adds and rounds; the exact name goes before a pattern', () => {
    const { processor } = processing({
      kind: 'scale',
      values: {
        '*': { factor: 2, offset: 0 },
        temp: { factor: 0.001, offset: -273.15, round: 1 },
        tenth: { factor: 0.1, offset: 0 },
      },
    });
    assert.deepEqual(processor.push({ values: { temp: 295_000, tenth: 3, other: 4 } }), [
      { values: { temp: 21.9, tenth: 0.3, other: 8 } },
    ]);
  });

  it('leaves out what is no number, says so once a name, and passes on what it is not about', () => {
    const { processor, log } = processing({ kind: 'scale', values: { temp: { factor: 1e12, offset: 0 } } });
    assert.deepEqual(processor.push({ values: { temp: 'n/a', state: 'on' } }), [{ values: { state: 'on' } }]);
    assert.deepEqual(processor.push({ values: { temp: 1e300 } }), []);
    assert.deepEqual(log.messages('warn'), [
      'cannot scale temp: it is not a number, or too large a one; left out',
    ]);
  });

  it('tells of twenty names and then of no more', () => {
    const { processor, log } = processing({ kind: 'scale', values: { '*': { factor: 1, offset: 0 } } });
    for (let name = 0; name < 100; name += 1) processor.push({ values: { [`value${name}`]: 'text' } });
    assert.equal(log.messages('warn').length, 20);
  });

  it('gives a finite number within half a step of the exact one, and never a negative zero', () => {
    const finite = fc.double({ noNaN: true, min: -1e9, max: 1e9 });
    fc.assert(
      fc.property(finite, finite, finite, fc.nat(6), (value, factor, offset, round) => {
        const { processor } = processing({ kind: 'scale', values: { x: { factor, offset, round } } });
        const result = processor.push({ values: { x: value } })[0]?.values['x'];
        assert.ok(typeof result === 'number' && Number.isFinite(result) && !Object.is(result, -0));
        const exact = value * factor + offset;
        assert.ok(Math.abs(result - exact) <= 0.5000001 * 10 ** -round + Math.abs(exact) * 1e-15);
      }),
    );
  });
});

describe('several steps', () => {
  it('follow one another in their order', () => {
    const { processor } = processing(
      { kind: 'rename', names: { t: 'temp' } },
      { kind: 'scale', values: { temp: { factor: 0.1, offset: 0 } } },
      { kind: 'select', patterns: ['temp'] },
    );
    assert.deepEqual(processor.push({ values: { t: 215, junk: 1 } }), [{ values: { temp: 21.5 } }]);
  });
});

function processing(...steps: ProcessingStep[]): { processor: Processor; log: RecordingLog } {
  const log = new RecordingLog();
  return { processor: new Processor(steps, new FakeClock(), log), log };
}

describe('the time of a reading', () => {
  const timeMs = Date.UTC(2026, 10, 22, 8);
  const times = ['2026-11-22T08:00:00Z', '2026-11-22T09:00:00+01:00', timeMs];
  for (const time of times) {
    it(`is not scaled by a pattern: ${time}`, () => {
      const { processor, log } = processing({ kind: 'scale', values: { '*': { factor: 2, offset: 0 } } });
      const passed = processor.push({ values: { time, temp: 1 }, timeMs });
      assert.deepEqual(passed, [{ values: { time, temp: 2 }, timeMs }]);
      assert.deepEqual(log.messages('warn'), []);
    });

    it(`is no value to a window: ${time}`, () => {
      const { processor, log } = processing({ kind: 'window', everyMs: 1000, values: { '*': ['max'] } });
      processor.push({ values: { time, temp: 1 }, timeMs });
      assert.deepEqual(
        processor.drain().map(({ values }) => values),
        [{ tempMax: 1 }],
      );
      assert.deepEqual(log.messages('warn'), []);
    });
  }

  it('is no change', () => {
    const { processor } = processing({
      kind: 'report_on_change',
      values: { '*': 'any' },
      maxSilenceMs: 60_000,
    });
    const passed = [0, 1000, 2000].map((ms) => {
      const time = new Date(timeMs + ms).toISOString();
      return processor.push({ values: { time, door: ms < 2000 }, timeMs: timeMs + ms }).length;
    });
    assert.deepEqual(passed, [1, 0, 1]);
  });

  it('is not sent by itself', () => {
    const reading = { values: { time: times[0], temp: 'n/a', door: true }, timeMs };
    const scaling = processing(
      { kind: 'scale', values: { temp: { factor: 2, offset: 0 } } },
      { kind: 'select', patterns: ['t*'] },
    );
    assert.deepEqual(scaling.processor.push(reading), []);
    const selecting = processing(
      { kind: 'select', patterns: ['ti*'] },
      { kind: 'scale', values: { x: { factor: 2, offset: 0 } } },
    );
    assert.deepEqual(selecting.processor.push(reading), []);
  });

  it('is a value like any other where it is named, or says something else', () => {
    const scale = { factor: 0.001, offset: 0 };
    const named = processing({ kind: 'scale', values: { time: scale } });
    assert.deepEqual(named.processor.push({ values: { time: timeMs }, timeMs }), [
      { values: { time: timeMs / 1000 }, timeMs },
    ]);
    const pattern = processing({ kind: 'scale', values: { '*': scale } });
    assert.deepEqual(pattern.processor.push({ values: { time: 5 }, timeMs }), [
      { values: { time: 0.005 }, timeMs },
    ]);
    assert.deepEqual(pattern.processor.push({ values: { time: 5 } }), [{ values: { time: 0.005 } }]);
  });
});
