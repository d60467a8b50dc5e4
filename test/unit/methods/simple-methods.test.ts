import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { closest } from '../../../src/config/suggest.ts';
import { LogLevels } from '../../../src/logging/log-levels.ts';
import { flushTelemetry } from '../../../src/methods/flush-telemetry.ts';
import type { TelemetryFlush } from '../../../src/methods/flush-telemetry.ts';
import { ping } from '../../../src/methods/ping.ts';
import { readInput } from '../../../src/methods/read-input.ts';
import { restart } from '../../../src/methods/restart.ts';
import { setLogLevel } from '../../../src/methods/set-log-level.ts';
import { status } from '../../../src/methods/status.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';
import { TableOf } from './table.ts';

describe('ping', () => {
  it('tells the time and how long the agent has been up', async () => {
    const clock = new FakeClock(new Date('2026-11-22T10:00:00Z'));
    const table = new TableOf(ping(clock, clock.monotonic()));
    await clock.advance(61_500);
    const payload = { time: '2026-11-22T10:01:01.500Z', uptimeSeconds: 61 };
    assert.deepEqual(await table.answer('ping'), { status: 200, payload });
  });
});

describe('status', () => {
  it('is what the agent says at that moment', async () => {
    let depth = 0;
    const table = new TableOf(status(() => ({ queue: { depth: (depth += 1) } })));
    await table.call('status');
    assert.deepEqual((await table.answer('status')).payload, { queue: { depth: 2 } });
  });
});

describe('restart', () => {
  it('accepts, and asks for it afterwards', async () => {
    let asked = 0;
    const {
      status: code,
      payload,
      afterwards,
    } = await new TableOf(restart(() => (asked += 1))).call('restart');
    assert.deepEqual([code, payload, asked], [200, { accepted: true }, 0]);
    await afterwards?.();
    assert.equal(asked, 1);
  });
});

describe('setLogLevel', () => {
  function steered(): { table: TableOf; levels: LogLevels; clock: FakeClock } {
    const clock = new FakeClock(new Date('2026-11-22T10:00:00Z'));
    const levels = new LogLevels({ level: 'info', areas: {} }, clock);
    return { table: new TableOf(setLogLevel(levels, clock)), levels, clock };
  }

  it('holds for an hour if nothing else is said', async () => {
    const { table, levels, clock } = steered();
    const { payload } = await table.answer('setLogLevel', { level: 'debug' });
    assert.deepEqual(payload, { level: 'debug', areas: {}, until: '2026-11-22T11:00:00.000Z' });
    await clock.advance(3_599_999);
    assert.ok(levels.isOn('debug', undefined));
    await clock.advance(1);
    assert.ok(!levels.isOn('debug', undefined));
  });

  it('may be for one part of the program, for so long, and be ended', async () => {
    const { table, levels } = steered();
    const { payload } = await table.answer('log*setLogLevel', {
      level: 'debug',
      area: 'twin',
      forSeconds: 60,
    });
    assert.deepEqual(payload, { level: 'info', areas: { twin: 'debug' }, until: '2026-11-22T10:01:00.000Z' });
    assert.ok(levels.isOn('debug', 'twin') && !levels.isOn('debug', 'clock'));
    const ended = await table.answer('setLogLevel', { level: 'configured', area: 'twin' });
    assert.deepEqual(ended.payload, { level: 'info', areas: {} });
  });

  for (const [payload, reason] of [
    [{ level: 'trace' }, /level: expected debug, info, warn, error or configured, found "trace"/],
    [{ level: 'debug', area: 'weather' }, /area: expected connection, .* found "weather"/],
    [{ level: 'debug', forSeconds: 604_801 }, /forSeconds: expected a whole number from 1 to 604800/],
  ] as const) {
    it(`refuses ${JSON.stringify(payload)}`, async () => {
      const answer = await steered().table.answer('setLogLevel', payload);
      assert.equal(answer.status, 400);
      assert.match(String(answer.payload['error']), reason);
    });
  }
});

describe('flushTelemetry', () => {
  /** One that never gets everything through. */
  const stuck: TelemetryFlush = {
    flush: (signal) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          resolve({ flushed: false, acknowledged: 3, waiting: 2 });
        });
      }),
  };

  function table(telemetry: TelemetryFlush): TableOf {
    const all: TableOf = new TableOf(
      flushTelemetry(telemetry, () => all.limits.deadlineMs, {
        sleep: (ms, signal) => all.clock.sleep(ms, signal),
      }),
    );
    return all;
  }

  it('says when everything is acknowledged', async () => {
    const done = { flushed: true, acknowledged: 5, waiting: 0 };
    const all = table({ flush: () => Promise.resolve(done) });
    assert.deepEqual(await all.answer('flushTelemetry'), { status: 200, payload: done });
    assert.deepEqual(all.clock.sleeping, []);
  });

  it('waits no longer than it is told, and says how far it came', async () => {
    const all = table(stuck);
    const answer = all.answer('telemetry*flushTelemetry', { timeoutSeconds: 5 });
    await all.clock.advance(5000);
    assert.deepEqual(await answer, { status: 200, payload: { flushed: false, acknowledged: 3, waiting: 2 } });
  });

  it('answers before its own time is over, however long it is told to wait', async () => {
    const all = table(stuck);
    const answer = all.answer('flushTelemetry', { timeoutSeconds: 300 });
    await all.clock.advance(24_000);
    assert.equal((await answer).status, 200);
  });
});

describe('readInput', () => {
  const inputs = [
    { name: 'probe', read: () => Promise.resolve([{ values: { temperature: 21.5 }, timeMs: 0 }]) },
    { name: 'meter', read: () => Promise.reject(new Error('no such device: /dev/ttyUSB0')) },
    { name: 'posted' },
  ];
  const table = (): TableOf => new TableOf(readInput(() => inputs, closest));

  it('tells what the input measures now', async () => {
    assert.deepEqual(await table().answer('readInput', { name: 'probe' }), {
      status: 200,
      payload: {
        name: 'probe',
        readings: [{ values: { temperature: 21.5 }, time: '1970-01-01T00:00:00.000Z' }],
      },
    });
  });

  for (const [name, answer] of [
    [
      'prob',
      {
        status: 404,
        payload: {
          code: 'UNKNOWN-INPUT',
          error: 'there is no input "prob"; did you mean probe?',
          known: ['probe', 'meter', 'posted'],
        },
      },
    ],
    [
      'meter',
      {
        status: 502,
        payload: { code: 'INPUT-FAILED', error: 'cannot read meter: no such device: /dev/ttyUSB0' },
      },
    ],
    [
      'posted',
      {
        status: 409,
        payload: { code: 'INPUT-NOT-ASKED', error: 'cannot read posted now: it speaks by itself' },
      },
    ],
  ] as const) {
    it(`answers ${answer.status} for ${name}`, async () => {
      assert.deepEqual(await table().answer('readInput', { name }), answer);
    });
  }
});
