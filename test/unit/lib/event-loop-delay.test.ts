import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as pass } from 'node:timers/promises';
import { EventLoopDelay } from '../../../src/lib/event-loop-delay.ts';

describe('EventLoopDelay', () => {
  it('tells each who asks of what held up the loop since that one last asked', async () => {
    const delay = new EventLoopDelay();
    const [one, other] = [delay.reader(), delay.reader()];
    assert.equal(one(), 0);
    // Ticks must pass before the loop can be late for one.
    await pass(250);
    holdUp(400);
    await pass(250);
    const first = one();
    assert.ok(first > 150, `${first} ms`);
    assert.ok(one() < first);
    assert.equal(other(), first);
    assert.ok(other() < first);
  });
});

function holdUp(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}
