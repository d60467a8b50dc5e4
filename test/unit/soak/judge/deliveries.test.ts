import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deliveredOrCounted } from '../../../../src/soak/judge/delivered-or-counted.ts';
import { duplicatesShare } from '../../../../src/soak/judge/duplicates.ts';
import { gaps } from '../../../../src/soak/judge/gaps.ts';
import { order, orderShare } from '../../../../src/soak/judge/order.ts';
import { sameIds } from '../../../../src/soak/judge/same-ids.ts';
import type { FaultRecord, LedgerEntry } from '../../../../src/soak/evidence.ts';
import { evidence, fault, ledgerEntry, limits } from '../../../fakes/evidence.ts';

function withLedger(changes: Partial<LedgerEntry>): ReturnType<typeof evidence> {
  return evidence({ ledger: { one: ledgerEntry(changes), two: ledgerEntry() } });
}

describe('delivered or counted', () => {
  it('holds when everything arrived', () => {
    assert.equal(deliveredOrCounted(evidence(), limits).outcome, 'held');
  });

  it('holds when what is missing was told as dropped', () => {
    const finding = deliveredOrCounted(withLedger({ missing: 3, toldDropped: 5 }), limits);
    assert.equal(finding.outcome, 'held');
  });

  it('is broken by one message, and names agent and number', () => {
    const finding = deliveredOrCounted(withLedger({ missing: 1, firstMissing: [42] }), limits);
    assert.deepEqual([finding.outcome, finding.value], ['broken', 1]);
    assert.match(finding.detail, /one 1 \(numbers 42\)/);
  });

  it('lets one agent’s losses not pay for another’s', () => {
    const ledger = { one: ledgerEntry({ missing: 2 }), two: ledgerEntry({ toldDropped: 2 }) };
    assert.equal(deliveredOrCounted(evidence({ ledger }), limits).value, 2);
  });

  it('cannot be judged when nothing was promised', () => {
    const finding = deliveredOrCounted(evidence({ ledger: { one: ledgerEntry({ promised: 0 }) } }), limits);
    assert.equal(finding.outcome, 'not-judged');
  });

  it('cannot be judged at Azure, which does not tell what arrives', () => {
    const { run } = evidence();
    const ledger = { one: ledgerEntry({ delivered: 0, missing: 100 }) };
    const finding = deliveredOrCounted(evidence({ run: { ...run, target: 'azure' }, ledger }), limits);
    assert.equal(finding.outcome, 'not-judged');
  });
});

describe('duplicates', () => {
  it('may be a few', () => {
    const finding = duplicatesShare(withLedger({ duplicates: 10 }), limits);
    assert.deepEqual([finding.outcome, finding.value], ['held', 0.05]);
  });

  it('may not be many', () => {
    const finding = duplicatesShare(withLedger({ duplicates: 11 }), limits);
    assert.equal(finding.outcome, 'broken');
    assert.match(finding.detail, /one 11 of 100/);
  });

  it('are not judged when nothing came', () => {
    const ledger = { one: ledgerEntry({ delivered: 0 }) };
    assert.equal(duplicatesShare(evidence({ ledger }), limits).outcome, 'not-judged');
  });
});

describe('same IDs', () => {
  it('hold without a contradiction', () => {
    assert.equal(sameIds(evidence(), limits).outcome, 'held');
  });

  it('are broken by one', () => {
    const finding = sameIds(withLedger({ contradictions: ['number 1 came under two'] }), limits);
    assert.equal(finding.outcome, 'broken');
    assert.match(finding.detail, /one: number 1 came under two/);
  });
});

describe('the order', () => {
  it('is kept by nearly all messages', () => {
    const few = orderShare(withLedger({ outOfOrder: 10, furthestOutOfOrder: 2 }), limits);
    assert.deepEqual([few.outcome, few.value], ['held', 0.05]);
    const many = orderShare(withLedger({ outOfOrder: 11, furthestOutOfOrder: 2 }), limits);
    assert.deepEqual([many.outcome, many.detail], ['broken', '11 of 200']);
  });

  it('holds up to the sends that were under way', () => {
    assert.equal(order(withLedger({ outOfOrder: 9, furthestOutOfOrder: 64 }), limits).outcome, 'held');
  });

  it('is broken by what comes far behind', () => {
    const finding = order(withLedger({ outOfOrder: 1, furthestOutOfOrder: 500 }), limits);
    assert.deepEqual([finding.outcome, finding.value], ['broken', 500]);
  });
});

describe('gaps', () => {
  const killed = (agent: string): FaultRecord[] => [fault({ kind: 'kill', agents: [agent] })];

  it('there are none, or they are told', () => {
    assert.equal(gaps(evidence(), limits).outcome, 'held');
    assert.equal(gaps(withLedger({ sequenceGaps: 3, toldDropped: 3 }), limits).outcome, 'held');
  });

  it('one that is not told breaks it, and names the agent', () => {
    const finding = gaps(withLedger({ sequenceGaps: 4, toldDropped: 3 }), limits);
    assert.deepEqual([finding.outcome, finding.value], ['broken', 1]);
    assert.match(finding.detail, /one 1/);
  });

  it('are no matter where a process was killed, and only there', () => {
    const ledger = { one: ledgerEntry({ sequenceGaps: 9 }), two: ledgerEntry() };
    assert.equal(gaps(evidence({ ledger, faults: killed('one') }), limits).outcome, 'held');
    assert.equal(gaps(evidence({ ledger, faults: killed('two') }), limits).outcome, 'broken');
  });

  it('cannot be judged when everybody was killed', () => {
    const ledger = { one: ledgerEntry() };
    assert.equal(gaps(evidence({ ledger, faults: killed('one') }), limits).outcome, 'not-judged');
  });
});
