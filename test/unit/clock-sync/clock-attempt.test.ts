import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CloudError } from '../../../src/cloud-error.ts';
import { ClockAttempt } from '../../../src/clock-sync/clock-attempt.ts';
import type { ClockCondition } from '../../../src/clock-sync/condition.ts';
import { Happening } from '../../../src/clock-sync/happening.ts';
import { settle } from '../../fakes/fake-clock.ts';

const refused = new CloudError('DPS-401', 'register with DPS');
const unreachable = new CloudError('NET-DNS', 'register with DPS');
const never = new AbortController().signal;

describe('an attempt, as the clock sees it', () => {
  it('is not touched while the clock is good from beginning to end', () => {
    const { attempt } = begun('good');
    assert.equal(attempt.temper(refused), refused);
  });

  it('is tempered when the clock is suspect at its end', () => {
    const { attempt, clock } = begun('good');
    clock.state = 'suspect';
    assert.equal(attempt.temper(refused).kind, 'transient');
  });

  it('is tempered when the clock was suspect at its beginning and corrected meanwhile', () => {
    const { attempt, correct } = begun('suspect');
    correct();
    assert.match(attempt.temper(refused).message, /while the clock is suspect \(it says 1970\)/);
  });

  it('is tempered when a clock that nobody doubted was set meanwhile', () => {
    const { attempt, correct } = begun('unknown');
    correct();
    assert.match(attempt.temper(refused).message, /\(it was set meanwhile\)/);
  });

  it('is worth another as soon as the clock is corrected', async () => {
    const { attempt, correct } = begun('suspect');
    const corrected = attempt.corrected(refused, never);
    assert.equal(await hasSettled(corrected), false);
    correct();
    await corrected;
  });

  it('is worth another at once when the clock was corrected before it had ended', async () => {
    const { attempt, correct } = begun('suspect');
    correct();
    await attempt.corrected(refused, never);
  });

  it('is not worth another for a failure that no clock explains', async () => {
    const { attempt, correct } = begun('suspect');
    const stop = new AbortController();
    const corrected = attempt.corrected(unreachable, stop.signal);
    correct();
    assert.equal(await hasSettled(corrected), false);
    const rejected = assert.rejects(corrected, /stopping/);
    stop.abort(new Error('stopping'));
    await rejected;
  });
});

interface Begun {
  readonly attempt: ClockAttempt;
  readonly clock: { state: ClockCondition['state'] };
  readonly correct: () => void;
}

function begun(state: ClockCondition['state']): Begun {
  const clock = { state, sinceMs: 0, reason: 'it says 1970' };
  const corrections = new Happening();
  const attempt = new ClockAttempt(() => ({ ...clock }), corrections);
  const correct = (): void => {
    clock.state = 'good';
    corrections.happen();
  };
  return { attempt, clock, correct };
}

async function hasSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const mark = (): void => {
    settled = true;
  };
  promise.then(mark, mark);
  await settle();
  return settled;
}
