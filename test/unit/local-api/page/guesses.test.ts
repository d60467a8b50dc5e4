import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Guesses } from '../../../../src/local-api/page/guesses.ts';
import { FakeClock } from '../../../fakes/fake-clock.ts';

function wrong(guesses: Guesses, address: string, times: number): void {
  for (let count = 0; count < times; count += 1) guesses.wrong(address);
}

describe('Guesses', () => {
  it('makes whoever guesses wait, longer each time and for five minutes at most', async () => {
    const clock = new FakeClock();
    const guesses = new Guesses(clock);
    wrong(guesses, '10.0.0.1', 4);
    assert.equal(guesses.waitMs('10.0.0.1'), 0);
    wrong(guesses, '10.0.0.1', 1);
    assert.equal(guesses.waitMs('10.0.0.1'), 1000);
    await clock.advance(600);
    assert.equal(guesses.waitMs('10.0.0.1'), 400);
    wrong(guesses, '10.0.0.1', 1);
    assert.equal(guesses.waitMs('10.0.0.1'), 2000);
    wrong(guesses, '10.0.0.1', 50);
    assert.equal(guesses.waitMs('10.0.0.1'), 300_000);
    assert.equal(guesses.waitMs('10.0.0.2'), 0);
  });

  it('forgets them with the right one, and after an hour', async () => {
    const clock = new FakeClock();
    const guesses = new Guesses(clock);
    wrong(guesses, '10.0.0.1', 9);
    guesses.right('10.0.0.1');
    assert.equal(guesses.waitMs('10.0.0.1'), 0);
    wrong(guesses, '10.0.0.1', 9);
    await clock.advance(3_600_000);
    assert.equal(guesses.wrong('10.0.0.1'), 1);
  });

  it('takes an IPv6 network for one', () => {
    const guesses = new Guesses(new FakeClock());
    for (let host = 1; host <= 5; host += 1) guesses.wrong(`2001:db8:1:2::${host}`);
    assert.equal(guesses.waitMs('2001:db8:1:2:aaaa::1'), 1000);
    assert.equal(guesses.waitMs('2001:db8:1:3::1'), 0);
  });

  it('remembers a thousand of them', () => {
    const guesses = new Guesses(new FakeClock());
    wrong(guesses, 'first', 5);
    for (let other = 0; other < 999; other += 1) guesses.wrong(`other ${other}`);
    assert.equal(guesses.waitMs('first'), 1000);
    guesses.wrong('one more');
    assert.equal(guesses.waitMs('first'), 0);
  });
});
