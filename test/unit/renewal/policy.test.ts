import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Share } from '../../../src/config/est-schema.ts';
import { isValid, renewalDueAt, retryDelayMs, untilRenewalMs } from '../../../src/renewal/policy.ts';
import type { Lifetime } from '../../../src/renewal/policy.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

const begin = new Date('2026-01-01T00:00:00Z');
const lasting = (ms: number): Lifetime => ({ notBefore: begin, notAfter: new Date(begin.getTime() + ms) });
const after = (ms: number): Date => new Date(begin.getTime() + ms);
const middle = (): number => 0.5;

describe('the renewal of a certificate', () => {
  const rows: readonly (readonly [string, number, Share, number])[] = [
    ['at a share of the lifetime', 100 * dayMs, { percent: 80 }, 80 * dayMs],
    ['at the very end with the whole of it', 10 * dayMs, { percent: 100 }, 10 * dayMs],
    ['a duration before the end', 100 * dayMs, { ms: 30 * dayMs }, 70 * dayMs],
    ['not before half of a lifetime shorter than the duration', 10 * dayMs, { ms: 30 * dayMs }, 5 * dayMs],
  ];
  for (const [name, lengthMs, threshold, dueMs] of rows) {
    it(`is due ${name}`, () => {
      assert.deepEqual(renewalDueAt(lasting(lengthMs), threshold), after(dueMs));
      assert.equal(untilRenewalMs(lasting(lengthMs), threshold, after(dueMs - 1)), 1);
      assert.equal(untilRenewalMs(lasting(lengthMs), threshold, after(dueMs)), 0);
    });
  }

  it('is due at once without a certificate, after the end of it and long before its beginning', () => {
    const lifetime = lasting(10 * dayMs);
    assert.equal(untilRenewalMs(undefined, { percent: 80 }, begin), 0);
    assert.equal(untilRenewalMs(lifetime, { percent: 80 }, after(10 * dayMs + 1)), 0);
    assert.equal(untilRenewalMs(lifetime, { percent: 80 }, after(-hourMs)), 0);
  });

  it('takes a certificate for valid that begins within five minutes, and no later one', () => {
    assert.equal(isValid(lasting(dayMs), after(-5 * minuteMs)), true);
    assert.equal(isValid(lasting(dayMs), after(-5 * minuteMs - 1)), false);
  });
});

describe('the wait after a renewal that failed', () => {
  const retry = { percent: 4 };
  const wait = (over: Partial<Parameters<typeof retryDelayMs>[0]>, random = middle): number =>
    retryDelayMs(
      { lifetime: undefined, retry, failures: 1, retryAfterMs: undefined, now: after(0), ...over },
      random,
    );

  const rows: readonly (readonly [string, Parameters<typeof wait>[0], number])[] = [
    ['a share of the lifetime', { lifetime: lasting(10 * dayMs) }, 0.4 * dayMs],
    ['a duration', { lifetime: lasting(10 * dayMs), retry: { ms: 2 * hourMs } }, 2 * hourMs],
    ['a day at most', { lifetime: lasting(365 * dayMs) }, dayMs],
    ['a minute at least', { lifetime: lasting(10 * minuteMs) }, minuteMs],
    ['half of what is left', { lifetime: lasting(10 * dayMs), now: after(10 * dayMs - hourMs) }, hourMs / 2],
    ['a minute at first without a certificate', {}, minuteMs],
    ['twice as long each time without one', { failures: 4 }, 8 * minuteMs],
    ['an hour at most without one', { failures: 400 }, hourMs],
    [
      'as without one when it has expired',
      { lifetime: lasting(dayMs), now: after(2 * dayMs), failures: 2 },
      2 * minuteMs,
    ],
    ['no shorter than the server wants', { retryAfterMs: 5 * minuteMs }, 5 * minuteMs],
    ['longer than the server wants when planned so', { failures: 4, retryAfterMs: 1000 }, 8 * minuteMs],
    ['a day at most whatever the server wants', { retryAfterMs: 1000 * dayMs }, dayMs],
  ];
  for (const [name, over, expected] of rows) {
    it(`is ${name}`, () => {
      assert.equal(Math.round(wait(over)), expected);
    });
  }

  it('is spread by a fifth either way, within its bounds', () => {
    const lifetime = lasting(10 * dayMs);
    assert.equal(Math.round(wait({ lifetime }, () => 0)), 0.32 * dayMs);
    assert.ok(wait({ lifetime }, () => 0.999_999) > 0.479 * dayMs);
    assert.equal(
      wait({}, () => 0),
      minuteMs,
    );
  });
});
