import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LedgerEntry } from '../../../../src/soak/evidence.ts';
import { Ledger } from '../../../../src/soak/ledger/ledger.ts';
import { deviceMessage, lossMessage, numberedMessage } from '../../../fakes/device-message.ts';

function newLedger(): Ledger {
  return new Ledger(['one', 'two'], () => 0);
}

function ledgerWith(numbers: readonly number[]): Ledger {
  const ledger = newLedger();
  ledger.posted('one', numbers);
  ledger.promised('one', numbers);
  return ledger;
}

function entryOf(ledger: Ledger, agent = 'one'): LedgerEntry {
  const entry = ledger.entries()[agent];
  assert.ok(entry);
  return entry;
}

describe('the ledger', () => {
  it('has nothing missing when all that was promised has arrived', () => {
    const ledger = ledgerWith([1, 2, 3]);
    for (const n of [1, 2, 3]) ledger.arrive(numberedMessage(n));
    const { promised, delivered, missing, duplicates, contradictions } = entryOf(ledger);
    assert.deepEqual(
      { promised, delivered, missing, duplicates },
      { promised: 3, delivered: 3, missing: 0, duplicates: 0 },
    );
    assert.deepEqual(contradictions, []);
    assert.deepEqual(ledger.totals, { promised: 3, delivered: 3, duplicates: 0, outstanding: 0 });
  });

  it('does not mind an arrival before its 202', () => {
    const ledger = newLedger();
    ledger.posted('one', [1]);
    ledger.arrive(numberedMessage(1));
    assert.equal(entryOf(ledger).delivered, 0);
    ledger.promised('one', [1]);
    assert.equal(entryOf(ledger).delivered, 1);
    assert.deepEqual(ledger.totals, { promised: 1, delivered: 1, duplicates: 0, outstanding: 0 });
  });

  it('names those that are missing', () => {
    const ledger = ledgerWith([1, 2, 3]);
    ledger.arrive(numberedMessage(2));
    assert.deepEqual(entryOf(ledger).firstMissing, [1, 3]);
    assert.equal(entryOf(ledger).missing, 2);
    assert.equal(ledger.outstandingOf('one'), 2);
  });

  it('knows from which post on an agent took nothing, until it took something again', () => {
    let nowMs = 0;
    const ledger = new Ledger(['one', 'two'], () => nowMs);
    const post = (agent: string, atMs: number, n: number): void => {
      nowMs = atMs;
      ledger.posted(agent, [n]);
      nowMs = atMs + 50;
    };
    post('one', 1000, 1);
    ledger.refused('one', [1], 'none');
    post('one', 2000, 2);
    ledger.refused('one', [2], '503');
    post('one', 3000, 3);
    ledger.promised('one', [3]);
    post('two', 4000, 1);
    ledger.refused('two', [1], '507');
    assert.deepEqual(ledger.refusals, [
      { agent: 'one', fromMs: 1000, toMs: 3050, status: '503' },
      { agent: 'two', fromMs: 4000, toMs: 4050, status: '507' },
    ]);
  });

  it('expects nothing of what was refused or not answered, and takes it all the same', () => {
    const ledger = newLedger();
    ledger.posted('one', [1, 2]);
    ledger.refused('one', [1], 'none');
    ledger.refused('one', [2], '503');
    ledger.arrive(numberedMessage(1));
    const { missing, refused, delivered, contradictions } = entryOf(ledger);
    assert.deepEqual(
      { missing, delivered, refused },
      { missing: 0, delivered: 0, refused: { none: 1, '503': 1 } },
    );
    assert.deepEqual(contradictions, []);
  });

  it('counts what comes again under its ID as a duplicate, of whatever input', () => {
    const ledger = ledgerWith([1]);
    ledger.arrive(numberedMessage(1));
    ledger.arrive(numberedMessage(1));
    ledger.arrive(deviceMessage({ load: 0.2 }, { sequence: 7 }));
    ledger.arrive(deviceMessage({ load: 0.2 }, { sequence: 7 }));
    assert.equal(entryOf(ledger).duplicates, 2);
    assert.equal(entryOf(ledger).delivered, 1);
    assert.deepEqual(entryOf(ledger).contradictions, []);
  });

  it('finds a number under two IDs', () => {
    const ledger = ledgerWith([1]);
    ledger.arrive(numberedMessage(1, { sequence: 50 }));
    ledger.arrive(numberedMessage(1, { sequence: 51 }));
    assert.match(entryOf(ledger).contradictions.join(), /number 1 came under two message IDs/);
  });

  it('finds an ID for two contents', () => {
    const ledger = ledgerWith([1, 2]);
    ledger.arrive(numberedMessage(1, { sequence: 50 }));
    ledger.arrive(numberedMessage(2, { sequence: 50 }));
    assert.match(entryOf(ledger).contradictions.join(), /QueueId-50 came with two contents/);
  });

  it('finds content that changed, came from another or was never posted', () => {
    const ledger = ledgerWith([1, 2, 3]);
    const good = numberedMessage(1);
    ledger.arrive({ ...good, body: { ...(good.body as object), pad: 'x' } });
    ledger.arrive({ ...numberedMessage(2, { device: 'two' }), device: 'one' });
    ledger.arrive(numberedMessage(99));
    const [changed, foreign, never] = entryOf(ledger).contradictions;
    assert.match(changed ?? '', /number 1 is not as it was posted/);
    assert.match(foreign ?? '', /number 2 of two came from one/);
    assert.match(never ?? '', /number 99 came and was never posted/);
    assert.equal(entryOf(ledger).delivered, 0);
  });

  it('finds a message without its own ID', () => {
    const ledger = ledgerWith([1]);
    ledger.arrive({ ...numberedMessage(1), systemProperties: { 'message-id': 'made-up' } });
    assert.match(entryOf(ledger).contradictions.join(), /"made-up" does not end with/);
  });

  it('finds devices that nobody knows', () => {
    const ledger = newLedger();
    ledger.arrive(numberedMessage(1, { device: 'stranger' }));
    assert.match(entryOf(ledger, 'stranger').contradictions.join(), /none of the agents/);
    for (let i = 0; i < 100; i += 1) ledger.arrive(numberedMessage(1, { device: `stranger-${i}` }));
    assert.equal(Object.keys(ledger.entries()).length, 22);
    assert.deepEqual(ledger.omitted, { 'messages of strangers': 81, refusals: 0 });
  });

  it('keeps few contradictions and counts the others', () => {
    const ledger = newLedger();
    for (let n = 1; n <= 50; n += 1) ledger.arrive(numberedMessage(n));
    const { contradictions } = entryOf(ledger);
    assert.equal(contradictions.length, 11);
    assert.equal(contradictions.at(-1), 'and 40 more');
  });

  it('adds up what the agent tells of losses, and each record once', () => {
    const ledger = ledgerWith([1, 2, 3]);
    ledger.arrive(lossMessage([2, 1], 70));
    ledger.arrive(lossMessage([2, 1], 70));
    ledger.arrive(lossMessage([4], 71));
    assert.equal(entryOf(ledger).toldDropped, 7);
    assert.equal(entryOf(ledger).duplicates, 1);
  });

  it('sees what came after a higher number, and by how much', () => {
    const ledger = ledgerWith([1, 2, 3, 4, 5]);
    for (const n of [1, 5, 3, 4, 2, 3]) ledger.arrive(numberedMessage(n));
    const { outOfOrder, furthestOutOfOrder } = entryOf(ledger);
    assert.deepEqual({ outOfOrder, furthestOutOfOrder }, { outOfOrder: 3, furthestOutOfOrder: 3 });
  });

  it('counts sequence numbers that never came, and no leap after a crash', () => {
    const ledger = ledgerWith([1, 2, 3, 4]);
    const sequences = [10, 12, 1_000_012, 1_000_013];
    for (const [index, sequence] of sequences.entries()) {
      ledger.arrive(numberedMessage(index + 1, { sequence }));
    }
    assert.equal(entryOf(ledger).sequenceGaps, 1);
  });

  it('goes on when a queue begins a new ID', () => {
    const ledger = ledgerWith([1, 2]);
    ledger.arrive(numberedMessage(1, { sequence: 9 }));
    ledger.arrive(numberedMessage(2, { sequence: 9, queue: 'Another' }));
    assert.deepEqual(entryOf(ledger).contradictions, []);
    assert.equal(entryOf(ledger).delivered, 2);
  });

  it('takes an array of readings as what one message brought', () => {
    const ledger = ledgerWith([1, 2]);
    const batch = deviceMessage([numberedMessage(1).body, numberedMessage(2).body], { sequence: 4 });
    ledger.arrive(batch);
    ledger.arrive(batch);
    assert.equal(entryOf(ledger).delivered, 2);
    assert.equal(entryOf(ledger).duplicates, 2);
    assert.deepEqual(entryOf(ledger).contradictions, []);
  });

  it('draws up when it was: promised, delivered, twice', () => {
    let now = 500;
    const ledger = new Ledger(['one'], () => now);
    ledger.posted('one', [1, 2]);
    ledger.promised('one', [1, 2]);
    now = 1500;
    ledger.arrive(numberedMessage(1));
    ledger.arrive(numberedMessage(1));
    assert.deepEqual(ledger.deliveries(), {
      stepMs: 1000,
      promised: [2, 0],
      delivered: [0, 1],
      duplicates: [0, 1],
    });
  });

  it('knows a number again whose ID it has long forgotten', () => {
    const ledger = newLedger();
    for (let n = 1; n <= 70_000; n += 1) {
      ledger.posted('one', [n]);
      ledger.promised('one', [n]);
      ledger.arrive(numberedMessage(n));
    }
    assert.equal(entryOf(ledger).delivered, 70_000);
    assert.equal(entryOf(ledger).missing, 0);
    ledger.arrive(numberedMessage(1));
    assert.equal(entryOf(ledger).duplicates, 1);
  });
});
