import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Fate } from '../../../../src/telemetry/intake/fate.ts';
import type { Outcome } from '../../../../src/telemetry/intake/fate.ts';
import type { Place } from '../../../../src/telemetry/queue/telemetry-queue.ts';
import { settle } from '../../../fakes/fake-clock.ts';

describe('Fate', () => {
  const offer = (safe: Promise<Place>) => ({ accepted: true, messageId: 'm1', sequence: 1, safe }) as const;

  it('is open until the message is offered, and settles when that is safe', async () => {
    const fate = new Fate();
    assert.equal(fate.isKnown, false);
    let arrive: (place: Place) => void = () => undefined;
    const safe = new Promise<Place>((resolve) => {
      arrive = resolve;
    });
    const settled: Outcome[] = [];
    const waiting = fate.outcome.then((outcome) => settled.push(outcome));
    fate.offered(offer(safe));
    await settle();
    assert.deepEqual([fate.isKnown, settled], [true, []]);
    arrive('disk');
    await waiting;
    assert.deepEqual(settled, [{ accepted: true, place: 'disk' }]);
  });

  it('can be asked for afterwards, and again', async () => {
    const fate = new Fate();
    fate.offered(offer(Promise.resolve('hub')));
    assert.deepEqual(await fate.outcome, { accepted: true, place: 'hub' });
    assert.equal(fate.outcome, fate.outcome);
  });

  it('may be a refusal, of the queue or before it', async () => {
    const [full, budget] = [new Fate(), new Fate()];
    const waiting = full.outcome;
    full.offered({ accepted: false, reason: 'full' });
    budget.refused('budget');
    assert.deepEqual(
      [await waiting, await budget.outcome],
      [
        { accepted: false, reason: 'full' },
        { accepted: false, reason: 'budget' },
      ],
    );
  });
});
