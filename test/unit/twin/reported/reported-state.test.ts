import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { CloudError } from '../../../../src/cloud-error.ts';
import { Bell } from '../../../../src/lib/bell.ts';
import type { ReportedProperties } from '../../../../src/twin/properties.ts';
import { ReportQueue } from '../../../../src/twin/report-queue.ts';
import { sizeOf } from '../../../../src/twin/reported/limits.ts';
import { ReportedState } from '../../../../src/twin/reported/reported-state.ts';
import { FakeClock, settle } from '../../../fakes/fake-clock.ts';
import { RecordingLog } from '../../../fakes/recording-log.ts';

interface Setting {
  readonly reported?: ReportedProperties;
  readonly onReport?: (properties: ReportedProperties) => Promise<void>;
}

/** A session that reports every minute what the test puts in `facts`. */
async function session(t: TestContext, { reported = {}, onReport = () => Promise.resolve() }: Setting = {}) {
  const [clock, log, stop, changed] = [
    new FakeClock(),
    new RecordingLog(),
    new AbortController(),
    new Bell(),
  ];
  const state = { facts: { agent: { version: '1' } } as ReportedProperties, intervalMs: 60_000, asked: 0 };
  const reports: ReportedProperties[] = [];
  const report = async (properties: ReportedProperties): Promise<void> => {
    reports.push(properties);
    await onReport(properties);
  };
  const service = new ReportedState({
    sections: () => {
      state.asked += 1;
      return state.facts;
    },
    reported,
    reports: new ReportQueue({ report }, { clock, random: () => 0, log }),
    intervalMs: () => state.intervalMs,
    changed,
    clock,
    log,
  });
  const running = service.run(stop.signal);
  t.after(async () => {
    stop.abort(new Error('the session is over'));
    await running;
    assert.deepEqual(clock.sleeping, []);
  });
  await settle();
  return { clock, log, state, reports, changed };
}

describe('ReportedState', () => {
  it('reports at once, and then nothing while nothing differs', async (t) => {
    const { clock, reports, state } = await session(t);
    assert.deepEqual(reports, [{ agent: { version: '1' } }]);
    await clock.advance(600_000);
    assert.equal(reports.length, 1);
    assert.equal(state.asked, 11);
  });

  it('reports only what differs from what the twin has, and takes away only what is its own', async (t) => {
    const { clock, reports, state } = await session(t, {
      reported: {
        agent: { version: '0', old: 1 },
        telemetry: { x: { ac: 200, av: 1 } },
        site: 'b',
        queue: { a: 1 },
      },
    });
    assert.deepEqual(reports, [{ agent: { version: '1', old: null }, queue: null }]);
    state.facts = { agent: { version: '1' }, clock: { state: 'good' }, somebodyElses: 1 };
    await clock.advance(60_000);
    assert.deepEqual(reports[1], { clock: { state: 'good' } });
  });

  it('reports no more than once per interval, however often the bell rings', async (t) => {
    const { clock, reports, state, changed } = await session(t);
    for (let second = 1; second < 60; second += 1) {
      state.facts = { agent: { version: String(second) } };
      changed.ring();
      await clock.advance(1000);
    }
    assert.equal(reports.length, 1);
    await clock.advance(1000);
    assert.deepEqual(reports[1], { agent: { version: '59' } });
  });

  it('reports at once when the bell rings after a quiet time', async (t) => {
    const { clock, reports, state, changed } = await session(t);
    await clock.advance(90_000);
    state.facts = { agent: { version: '2' } };
    changed.ring();
    await settle();
    await clock.advance(0);
    assert.equal(reports.length, 2);
  });

  it('gathers the facts no more than once a second for a bell that never rests', async (t) => {
    const { clock, state, changed } = await session(t);
    await clock.advance(60_000);
    const before = state.asked;
    for (let ring = 0; ring < 100; ring += 1) {
      changed.ring();
      await clock.advance(50);
    }
    assert.ok(state.asked - before <= 6, String(state.asked - before));
  });

  it('goes by another interval at once', async (t) => {
    const { clock, reports, state, changed } = await session(t);
    state.intervalMs = 5000;
    changed.ring();
    state.facts = { agent: { version: '2' } };
    await clock.advance(5000);
    assert.equal(reports.length, 2);
  });

  it('does not repeat what the hub will never take, and reports the rest', async (t) => {
    const { clock, reports, log } = await session(t, {
      reported: { clock: { state: 'bad' } },
      onReport: (properties) => {
        if ('clock' in properties)
          return Promise.reject(new CloudError('HUB-TWIN-REFUSED', 'report properties'));
        return Promise.resolve();
      },
    });
    assert.deepEqual(reports, [
      { clock: null, agent: { version: '1' } },
      { clock: null },
      { agent: { version: '1' } },
    ]);
    await clock.advance(600_000);
    assert.equal(reports.length, 3);
    assert.equal(log.messages('warn').length, 1);
  });

  it('tries again what the hub may take later', async (t) => {
    let refusals = 2;
    const { clock, reports } = await session(t, {
      onReport: () => {
        refusals -= 1;
        return refusals < 0
          ? Promise.resolve()
          : Promise.reject(new CloudError('HUB-TWIN', 'report properties'));
      },
    });
    await clock.advance(30_000);
    assert.equal(reports.length, 3);
  });

  it('leaves room for what others report', async (t) => {
    const inputs = Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`input-${n}`, { state: 'ok' }]));
    const { clock, reports, state } = await session(t, {
      reported: { telemetry: { notes: ['x'.repeat(28_000)] } },
    });
    state.facts = { agent: { version: '1' }, inputs };
    await clock.advance(60_000);
    assert.ok(JSON.stringify(reports[1]).includes('truncated'));
    assert.ok(sizeOf(reports[1]) < 4000, String(sizeOf(reports[1])));
  });
});
