import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConnectionLog } from '../../../src/simulator/connection-log.ts';
import type { ConnectionStart } from '../../../src/simulator/connection-log.ts';
import { Journal } from '../../../src/simulator/journal.ts';

interface Item {
  readonly sequence: number;
  readonly bytes: number;
}
const journal = (maxItems: number, maxBytes = Infinity): Journal<Item> =>
  new Journal({ maxItems, maxBytes, bytesOf: ({ bytes }) => bytes });
const push = (into: Journal<Item>, ...sequences: number[]): void => {
  for (const sequence of sequences) into.push({ sequence, bytes: 10 });
};
const sequences = (items: readonly Item[]): number[] => items.map(({ sequence }) => sequence);
const never = new AbortController().signal;

describe('a journal', () => {
  it('keeps what it has room for and counts what it drops', () => {
    const byCount = journal(2);
    push(byCount, 1, 2, 3);
    assert.deepEqual([sequences(byCount.since()), byCount.dropped], [[2, 3], 1]);
    const byBytes = journal(100, 25);
    push(byBytes, 1, 2, 3, 4);
    assert.deepEqual([sequences(byBytes.since()), byBytes.dropped], [[3, 4], 2]);
    assert.deepEqual(sequences(byBytes.since(3)), [4]);
  });

  it('keeps the latest item even when that alone is too large', () => {
    const small = journal(10, 5);
    push(small, 1, 2);
    assert.deepEqual(sequences(small.since()), [2]);
  });

  it('waits for what is to come, and finds what is there', async () => {
    const log = journal(10);
    push(log, 1);
    assert.equal((await log.waitFor(({ sequence }) => sequence === 1, never)).sequence, 1);
    const later = log.waitFor(({ sequence }) => sequence === 3, never);
    push(log, 2, 3);
    assert.equal((await later).sequence, 3);
  });

  it('stops waiting when told to', async () => {
    const controller = new AbortController();
    const waiting = journal(10).waitFor(() => true, controller.signal);
    controller.abort(new Error('enough'));
    await assert.rejects(waiting, /enough/);
  });

  it('is followed from a sequence number on without missing anything', async () => {
    const log = journal(10);
    push(log, 1, 2);
    const controller = new AbortController();
    const seen: number[] = [];
    for await (const { sequence } of log.follow(1, controller.signal)) {
      seen.push(sequence);
      if (sequence === 2) push(log, 3, 4);
      if (sequence === 4) controller.abort();
    }
    assert.deepEqual(seen, [2, 3, 4]);
  });
});

describe('the connection log', () => {
  const start = (device: string): ConnectionStart => ({
    service: 'hub',
    hub: 'localhost:1',
    device,
    remoteAddress: '',
    connectedAt: 't0',
    clean: false,
    sessionPresent: false,
    keepAlive: 60,
  });

  it('shows each connection once, in its latest form', () => {
    const log = new ConnectionLog(100);
    const first = log.started(start('a'));
    log.started(start('b'));
    log.ended(first, 't1', 'gone');
    log.ended(first, 't2', 'again');
    const shown = log.history().map(({ device, reason, endedAt }) => [device, endedAt, reason]);
    assert.deepEqual(shown, [
      ['a', 't1', 'gone'],
      ['b', undefined, undefined],
    ]);
    assert.deepEqual(
      log.current().map(({ device }) => device),
      ['b'],
    );
  });

  it('never forgets one that is open', () => {
    const log = new ConnectionLog(2);
    log.started(start('old'));
    for (const device of ['a', 'b', 'c']) log.ended(log.started(start(device)), 't1', 'gone');
    assert.ok(log.history().some(({ device }) => device === 'old'));
    assert.equal(log.dropped, 5);
  });
});
