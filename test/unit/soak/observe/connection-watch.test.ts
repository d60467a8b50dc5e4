import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ConnectionRecord } from '../../../../src/simulator/connection-log.ts';
import { ConnectionWatch } from '../../../../src/soak/observe/connection-watch.ts';

function connection(changes: Partial<ConnectionRecord> = {}): ConnectionRecord {
  return {
    sequence: 1,
    id: 1,
    service: 'hub',
    hub: 'hub-a',
    device: 'one',
    remoteAddress: '127.0.0.1',
    connectedAt: '2026-11-22T08:00:00.000Z',
    clean: false,
    sessionPresent: false,
    keepAlive: 25,
    ...changes,
  };
}

function watching(): { watch: ConnectionWatch; at: (ms: number, record: ConnectionRecord) => void } {
  let now = 0;
  const watch = new ConnectionWatch(['one', 'two'], () => now);
  const at = (ms: number, record: ConnectionRecord): void => {
    now = ms;
    watch.see(record);
  };
  return { watch, at };
}

describe('the watch over connections', () => {
  it('has a session from its beginning to its end, and those that last', () => {
    const { watch, at } = watching();
    at(1000, connection());
    at(5000, connection({ endedAt: 'then', reason: 'reset' }));
    at(6000, connection({ id: 2, hub: 'hub-b' }));
    assert.deepEqual(watch.seen.sessions, [
      { agent: 'one', hub: 'hub-a', startMs: 1000, endMs: 5000, reason: 'reset' },
      { agent: 'one', hub: 'hub-b', startMs: 6000 },
    ]);
    assert.equal(watch.hubOf('one'), 'hub-b');
    assert.equal(watch.hubOf('two'), undefined);
  });

  it('counts a refused CONNECT as an attempt and as no session', () => {
    const { watch, at } = watching();
    at(1000, connection({ refused: 5 }));
    at(1000, connection({ refused: 5, endedAt: 'then', reason: 'unauthorized' }));
    const { sessions, attempts } = watch.seen;
    assert.deepEqual(sessions, []);
    assert.deepEqual(attempts[0], { agent: 'one', total: 1, mostInMinute: 1, atMs: 1000 });
  });

  it('knows who asked DPS when', () => {
    const { watch, at } = watching();
    at(1500, connection({ service: 'dps', device: 'two' }));
    at(1600, connection({ service: 'dps', device: 'two', endedAt: 'then' }));
    assert.deepEqual(watch.seen.registrations, [{ agent: 'two', atMs: 1500 }]);
    assert.deepEqual(watch.seen.sessions, []);
  });

  it('finds the worst minute, wherever it begins', () => {
    const { watch, at } = watching();
    for (let second = 0; second < 600; second += 10) at(second * 1000, connection({ id: second }));
    for (let id = 1000; id < 1050; id += 1) at(700_500, connection({ id }));
    for (let id = 2000; id < 2050; id += 1) at(755_000, connection({ id }));
    at(3_600_000, connection({ id: 9999 }));
    const [one] = watch.seen.attempts;
    assert.deepEqual(one, { agent: 'one', total: 161, mostInMinute: 100, atMs: 755_000 });
  });

  it('keeps so many sessions, and counts the others', () => {
    const { watch, at } = watching();
    for (let id = 1; id <= 50_010; id += 1) {
      at(id, connection({ id }));
      at(id, connection({ id, endedAt: 'then' }));
    }
    assert.equal(watch.omitted['sessions'], 10);
    assert.equal(watch.seen.sessions.length, 50_000);
    assert.equal(watch.seen.sessions[0]?.startMs, 11);
  });
});
