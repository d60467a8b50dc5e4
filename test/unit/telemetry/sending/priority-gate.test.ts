import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Priority } from '../../../../src/telemetry/priority.ts';
import { PriorityGate } from '../../../../src/telemetry/sending/priority-gate.ts';
import { settle } from '../../../fakes/fake-clock.ts';
import { tracesAt } from '../../../fakes/traces.ts';

describe('PriorityGate', () => {
  const { signal } = new AbortController();

  /** Waits at the gate, and writes down when it is let in. */
  function wait(gate: PriorityGate, priority: Priority, order: string[], until = signal): Promise<void> {
    return gate.enter(priority, until).then((entered) => {
      order.push(entered ? priority : `not ${priority}`);
    });
  }

  it('lets in as many as there are places', () => {
    const gate = new PriorityGate(() => 2);
    assert.deepEqual([gate.tryEnter(), gate.tryEnter(), gate.tryEnter()], [true, true, false]);
    gate.leave();
    assert.equal(gate.inside, 1);
    assert.equal(gate.tryEnter(), true);
  });

  it('lets in the highest priority first, whoever came first', async () => {
    const gate = new PriorityGate(() => 1);
    gate.tryEnter();
    const order: string[] = [];
    const waits = (['low', 'normal', 'high'] as const).map((priority) => wait(gate, priority, order));
    for (const expected of [['high'], ['high', 'normal'], ['high', 'normal', 'low']]) {
      gate.leave();
      await settle();
      assert.deepEqual(order, expected);
    }
    await Promise.all(waits);
  });

  it('has nobody pass those who wait', async () => {
    let places = 1;
    const gate = new PriorityGate(() => places);
    gate.tryEnter();
    const order: string[] = [];
    const waiting = wait(gate, 'low', order);
    places = 2;
    assert.equal(gate.tryEnter(), false);
    gate.admit();
    await waiting;
    assert.deepEqual(order, ['low']);
  });

  it('lets go who is told to stop, and leaves nothing at the signal', async () => {
    const gate = new PriorityGate(() => 1);
    const stop = new AbortController();
    const order: string[] = [];
    await wait(gate, 'high', order, stop.signal);
    const waiting = wait(gate, 'high', order, stop.signal);
    assert.equal(tracesAt(stop.signal), 1);
    stop.abort();
    await waiting;
    await wait(gate, 'low', order, stop.signal);
    assert.deepEqual(order, ['high', 'not high', 'not low']);
    assert.equal(gate.inside, 1);
  });
});
