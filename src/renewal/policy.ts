/**
 * When a certificate is renewed. Pure: every rule of renewing and trying again is here and in no other place.
 *
 * - A share of the lifetime counts from `notBefore`; a duration is the time before `notAfter`, as in IoT Edge's
 *   `auto_renew`. A duration as long as half the lifetime or longer counts as half: each renewal would be due at once.
 * - Without a certificate that is valid now a renewal is due at once.
 * - After a failure with a certificate still valid: the share of its lifetime, at least a minute, at most a day, and at
 *   most half of what is left.
 * - After a failure without one: a wait that doubles from a minute to an hour, for the device is offline meanwhile.
 * - Both jittered by a fifth either way; the server's retry-after is a floor. There is no last attempt.
 */
import type { Share } from '../config/est-schema.ts';
import type { Random } from '../lib/random.ts';

export interface Lifetime {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

export const shortestRetryMs = 60_000;
export const longestRetryMs = 86_400_000;
export const longestOfflineRetryMs = 3_600_000;
const jitter = 0.2;

/** A CA's clock may be ahead of this device's by so much: a certificate that begins then is taken for valid. */
export const toleratedSkewMs = 300_000;

/** When the renewal is due, by the wall clock. */
export function renewalDueAt(lifetime: Lifetime, threshold: Share): Date {
  const begin = lifetime.notBefore.getTime();
  const length = lengthOf(lifetime);
  if ('percent' in threshold) return new Date(begin + (length * threshold.percent) / 100);
  return new Date(lifetime.notAfter.getTime() - Math.min(threshold.ms, length / 2));
}

/** Milliseconds until a renewal is due; 0 when it is, or when no certificate is valid now. */
export function untilRenewalMs(lifetime: Lifetime | undefined, threshold: Share, now: Date): number {
  if (lifetime === undefined || !isValid(lifetime, now)) return 0;
  return Math.max(0, renewalDueAt(lifetime, threshold).getTime() - now.getTime());
}

export interface FailedRenewal {
  /** Of the certificate in use; `undefined` without one. */
  readonly lifetime: Lifetime | undefined;
  readonly retry: Share;
  /** Failures in a row, from 1. */
  readonly failures: number;
  /** The server's own wish, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  readonly now: Date;
}

/** The wait before a renewal that failed is tried again, in milliseconds. */
export function retryDelayMs(failed: FailedRenewal, random: Random): number {
  const jittered = plannedRetryMs(failed) * (1 - jitter + 2 * jitter * random());
  const delayMs = Math.min(longestRetryMs, Math.max(shortestRetryMs, jittered));
  // The server's wish is bounded too: a nonsensical one must not leave the device without a certificate for years.
  return Math.max(delayMs, Math.min(failed.retryAfterMs ?? 0, longestRetryMs));
}

function plannedRetryMs({ lifetime, retry, failures, now }: FailedRenewal): number {
  if (lifetime === undefined || !isValid(lifetime, now))
    return Math.min(longestOfflineRetryMs, shortestRetryMs * 2 ** (failures - 1));
  const shareMs = 'percent' in retry ? (lengthOf(lifetime) * retry.percent) / 100 : retry.ms;
  return Math.min(shareMs, (lifetime.notAfter.getTime() - now.getTime()) / 2);
}

/** Whether the certificate can be used now, with some tolerance for a clock that is behind. */
export function isValid({ notBefore, notAfter }: Lifetime, now: Date): boolean {
  return now.getTime() >= notBefore.getTime() - toleratedSkewMs && now <= notAfter;
}

function lengthOf({ notBefore, notAfter }: Lifetime): number {
  return Math.max(0, notAfter.getTime() - notBefore.getTime());
}
