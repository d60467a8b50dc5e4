/** A loop of the program that must keep turning. */
export interface Pulse {
  /** As in "the telemetry queue has not turned". */
  readonly name: string;
  /**
   * When what it is doing should have ended, on the monotonic clock, in milliseconds; `undefined` while it waits for
   * something that need never come.
   */
  readonly dueMs: number | undefined;
}

/** What a loop may be late by, in milliseconds: a busy machine and a card that stutters are not ill health. */
const graceMs = 120_000;

/** Those that hang. */
export function stuck(pulses: readonly Pulse[], nowMs: number): readonly Pulse[] {
  return pulses.filter(({ dueMs }) => dueMs !== undefined && nowMs > dueMs + graceMs);
}
