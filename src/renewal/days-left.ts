import type { Lifetime } from './policy.ts';

export const dayMs = 86_400_000;

/** Whole days until the certificate expires; below zero once it has. */
export function daysLeft({ notAfter }: Pick<Lifetime, 'notAfter'>, now: Date): number {
  return Math.floor((notAfter.getTime() - now.getTime()) / dayMs);
}

export type Urgency = 'info' | 'warn' | 'error';

/**
 * How much a person should care: a warning from 30 days, an error from 7. A lifetime below 90 days has bounds in the same
 * proportion, a third and a twelfth of it: a certificate for a week is not in trouble on its first day.
 */
export function urgencyOf(lifetime: Lifetime, now: Date): Urgency {
  const { notBefore, notAfter } = lifetime;
  const lengthMs = notAfter.getTime() - notBefore.getTime();
  const leftMs = notAfter.getTime() - now.getTime();
  if (leftMs <= Math.min(7 * dayMs, lengthMs / 12)) return 'error';
  return leftMs <= Math.min(30 * dayMs, lengthMs / 3) ? 'warn' : 'info';
}
