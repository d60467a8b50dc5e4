import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { Meter } from '../../../../src/telemetry/budget/meter.ts';
import { utcDay, utcMonth } from '../../../../src/telemetry/budget/period.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** A meter, and the two clocks it goes by. */
class Bench {
  meter = new Meter(utcDay);
  waiting = 0;
  #wallMs: number;
  #monotonicMs = 1000;

  constructor(wall: string) {
    this.#wallMs = Date.parse(wall);
    this.turn();
  }

  pass(ms: number): this {
    this.#wallMs += ms;
    this.#monotonicMs += ms;
    return this.turn();
  }

  setClock(wall: string): this {
    this.#wallMs = Date.parse(wall);
    return this.turn();
  }

  spend(amount: number): this {
    this.meter.spend(amount);
    return this;
  }

  /** The program is started again, with the counts it had kept. */
  restart(wall: string): this {
    this.meter = new Meter(utcDay, this.meter.record);
    this.#monotonicMs = 0;
    return this.setClock(wall);
  }

  turn(): this {
    this.meter.turn(new Date(this.#wallMs), this.#monotonicMs, this.waiting);
    return this;
  }
}

describe('a period', () => {
  it('is a day in UTC', () => {
    const noon = Date.UTC(2026, 10, 22, 12);
    assert.deepEqual(utcDay(new Date(noon)), {
      id: '2026-11-22',
      startMs: noon - 12 * hourMs,
      lengthMs: dayMs,
    });
    assert.equal(utcDay(new Date(0)).id, '1970-01-01');
    assert.equal(utcDay(new Date(noon + 12 * hourMs - 1)).id, '2026-11-22');
    assert.equal(utcDay(new Date(noon + 12 * hourMs)).id, '2026-11-23');
  });

  it('or a month, as long as it is', () => {
    const days = (text: string): number => utcMonth(new Date(text)).lengthMs / dayMs;
    assert.deepEqual(['2026-11-30', '2026-12-31', '2027-02-01', '2028-02-29'].map(days), [30, 31, 28, 29]);
    assert.equal(utcMonth(new Date('2026-12-31T23:59:59.999Z')).id, '2026-12');
  });
});

describe('a meter', () => {
  let bench: Bench;

  beforeEach(() => {
    bench = new Bench('2026-11-22T00:00:00Z');
  });

  it('begins anew with each period', () => {
    bench.pass(23 * hourMs).spend(70);
    assert.deepEqual([bench.meter.period, bench.meter.spent], ['2026-11-22', 70]);
    bench.pass(hourMs);
    assert.deepEqual([bench.meter.period, bench.meter.spent], ['2026-11-23', 0]);
  });

  it('compares with a line from 1/24 of the limit to 1/24 above it', () => {
    bench.spend(10);
    assert.equal(bench.meter.pace(240, 0), 1);
    bench.pass(dayMs / 2);
    assert.equal(bench.meter.pace(240, 0), 10 / 130);
    bench.pass(dayMs / 2 - 1).spend(240);
    assert.ok(Math.abs(bench.meter.pace(240, 0) - 1) < 1e-6);
  });

  it('counts what waits, but not against the pace of a later period', () => {
    bench.waiting = 50;
    bench.turn();
    assert.equal(bench.meter.used(100, 50), 0.5);
    assert.equal(bench.meter.pace(240, 50), 5);
    bench.pass(dayMs);
    assert.equal(bench.meter.used(100, 50), 0.5);
    assert.equal(bench.meter.pace(240, 50), 0);
    // It is sent: spent now, and waiting no more.
    bench.spend(50);
    assert.equal(bench.meter.used(100, 0), 0.5);
    assert.equal(bench.meter.pace(240, 0), 0);
  });

  it('goes on after a restart on the same day, and anew on another', () => {
    bench.spend(30).restart('2026-11-22T10:00:00Z');
    assert.equal(bench.meter.spent, 30);
    bench.restart('2026-11-23T10:00:00Z');
    assert.equal(bench.meter.spent, 0);
  });

  describe('when the clock jumps', () => {
    it('a month forwards, keeps what was spent for when it comes back', () => {
      bench.pass(hourMs).spend(30).setClock('2026-12-22T01:00:00Z');
      assert.equal(bench.meter.spent, 0);
      bench.setClock('2026-11-22T01:00:00Z');
      assert.equal(bench.meter.spent, 30);
    });

    it('back, counts what was spent meanwhile for the period that it really was', () => {
      bench.spend(30).setClock('2026-12-22T01:00:00Z').spend(12).setClock('2026-11-22T01:00:00Z');
      assert.equal(bench.meter.spent, 42);
      bench.setClock('2026-12-22T01:00:00Z');
      assert.equal(bench.meter.spent, 0);
    });

    it('back to a day it has not seen, takes along what was spent in this run only', () => {
      bench.spend(30).restart('2026-11-22T10:00:00Z').spend(5).setClock('2026-11-20T00:00:00Z');
      assert.deepEqual([bench.meter.period, bench.meter.spent], ['2026-11-20', 5]);
      bench.setClock('2026-11-22T10:00:00Z');
      assert.equal(bench.meter.spent, 30);
    });

    it('from 1970 to the present, finds the counts of the earlier run', () => {
      bench.spend(30).restart('1970-01-01T00:00:10Z');
      assert.equal(bench.meter.spent, 0);
      bench.setClock('2026-11-22T10:00:00Z');
      assert.equal(bench.meter.spent, 30);
    });

    it('back within the day, neither forgets nor lowers the line', () => {
      bench
        .pass(12 * hourMs)
        .spend(130)
        .setClock('2026-11-22T03:00:00Z');
      assert.equal(bench.meter.spent, 130);
      assert.equal(bench.meter.pace(240, 0), 1);
    });

    it('to the past at every start, ends the day by the time that was run', () => {
      bench = new Bench('1970-01-01T00:00:00Z');
      for (let start = 0; start < 3; start += 1)
        bench
          .spend(100)
          .pass(12 * hourMs)
          .restart('1970-01-01T00:00:00Z');
      bench.pass(12 * hourMs - 1);
      assert.equal(bench.meter.spent, 300);
      bench.pass(1);
      assert.equal(bench.meter.spent, 0);
    });

    it('to and fro, remembers a few periods and not all of them', () => {
      for (let day = 1; day <= 9; day += 1) bench.setClock(`2026-12-0${day}T00:00:00Z`).spend(1);
      assert.deepEqual(
        bench.meter.record.past.map(({ period }) => period),
        ['2026-12-06', '2026-12-07', '2026-12-08'],
      );
    });
  });
});
