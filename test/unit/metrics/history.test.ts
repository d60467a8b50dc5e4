import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Figures } from '../../../src/metrics/figures.ts';
import { historyEveryMs, historyRows, MetricsHistory } from '../../../src/metrics/history.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';
import { someFigures } from './some-figures.ts';

describe('MetricsHistory', () => {
  it('writes a row at once and then every minute, until it is stopped', async () => {
    const clock = new FakeClock();
    const stopping = new AbortController();
    const history = new MetricsHistory(() => ({ ...someFigures, now: clock.now() }), clock);
    const running = history.run(stopping.signal);
    for (let minute = 0; minute < 3; minute += 1) {
      await clock.untilSomebodySleeps();
      await clock.advance(historyEveryMs);
    }
    stopping.abort();
    await running;
    assert.deepEqual(
      rows(history).map(({ time }) => time),
      [0, 1, 2, 3].map((minute) => `2026-01-01T00:0${minute}:00.000Z`),
    );
  });

  it('says in each row what the figures were', () => {
    const history = new MetricsHistory(() => someFigures, new FakeClock());
    history.take();
    assert.deepEqual(rows(history), [
      {
        time: '2026-01-01T00:02:00.000Z',
        state: 'connected',
        sessions: '2',
        queue_messages: '3',
        queue_bytes: '600',
        sent: '12',
        acknowledged: '9',
        dropped: '2',
        input_failures: '4',
        wire_sent_bytes: '5000',
        wire_received_bytes: '2000',
        disk_written_bytes: '4096',
        clock_offset_ms: '-250',
        cpu_ms: '1500',
        rss_bytes: '60000000',
        heap_used_bytes: '9000000',
        event_loop_delay_ms: '1.5',
      },
    ]);
  });

  it('leaves empty what was not known', () => {
    const process = { ...someFigures.process, eventLoopDelayMs: undefined };
    const figures: Figures = { ...someFigures, process, clock: { state: 'unknown' } };
    const history = new MetricsHistory(() => figures, new FakeClock());
    history.take();
    const [row] = rows(history);
    assert.deepEqual([row?.['clock_offset_ms'], row?.['event_loop_delay_ms']], ['', '']);
  });

  it('keeps a day, and counts what has gone', () => {
    let sessions = 0;
    const history = new MetricsHistory(
      () => ({ ...someFigures, connection: { ...someFigures.connection, sessions: (sessions += 1) } }),
      new FakeClock(),
    );
    for (let taken = 0; taken < historyRows + 5; taken += 1) history.take();
    const kept = rows(history).map((row) => Number(row['sessions']));
    assert.equal(history.dropped, 5);
    assert.deepEqual([kept.length, kept[0], kept.at(-1)], [historyRows, 6, historyRows + 5]);
    assert.ok(kept.every((value, index) => value === index + 6));
  });
});

function rows(history: MetricsHistory): Record<string, string>[] {
  const [head = '', ...lines] = history.csv().trimEnd().split('\r\n');
  const names = head.split(',');
  return lines.map((line) => Object.fromEntries(line.split(',').map((cell, at) => [names[at] ?? '', cell])));
}
