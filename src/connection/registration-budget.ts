/**
 * How many registrations the device still allows itself: one a minute, three in a row. Whatever goes wrong, and however
 * often the program is restarted by it, DPS is not hammered: the service takes 1,000 a minute from a whole fleet
 * (protocol.md 1.8).
 */
export interface RegistrationBudget {
  /** May be a fraction; a registration needs a whole one. */
  readonly tokens: number;
  /** Monotonic time at which it was so many. */
  readonly atMs: number;
}

export const burst = 3;
export const perTokenMs = 60_000;

export function fullBudget(nowMs: number): RegistrationBudget {
  return { tokens: burst, atMs: nowMs };
}

/** The budget after one registration now; `undefined` when there is none to spend. */
export function spend(budget: RegistrationBudget, nowMs: number): RegistrationBudget | undefined {
  const { tokens } = refilled(budget, nowMs);
  return tokens < 1 ? undefined : { tokens: tokens - 1, atMs: nowMs };
}

/** Gives back what was spent on an attempt that never reached DPS. */
export function refund(budget: RegistrationBudget, nowMs: number): RegistrationBudget {
  const { tokens } = refilled(budget, nowMs);
  return { tokens: Math.min(burst, tokens + 1), atMs: nowMs };
}

/** Milliseconds until a registration is allowed. */
export function untilAllowedMs(budget: RegistrationBudget, nowMs: number): number {
  const { tokens } = refilled(budget, nowMs);
  return Math.max(0, (1 - tokens) * perTokenMs);
}

/** What is left after registrations so many milliseconds ago, oldest first: a budget carried over a restart. */
export function budgetAfter(agesMs: readonly number[], nowMs: number): RegistrationBudget {
  const times = agesMs.map((age) => nowMs - Math.max(0, age));
  const start = fullBudget(times[0] ?? nowMs);
  return times.reduce((budget, time) => {
    const { tokens } = refilled(budget, time);
    return { tokens: Math.max(0, tokens - 1), atMs: time };
  }, start);
}

function refilled({ tokens, atMs }: RegistrationBudget, nowMs: number): RegistrationBudget {
  return { tokens: Math.min(burst, tokens + Math.max(0, nowMs - atMs) / perTokenMs), atMs: nowMs };
}
