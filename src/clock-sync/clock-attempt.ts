import type { CloudError } from '../cloud-error.ts';
import { untilAborted } from '../lib/deadline.ts';
import { isSuspect } from './condition.ts';
import type { ClockCondition } from './condition.ts';
import type { Happening } from './happening.ts';
import { isClockSensitive, temper } from './temper.ts';

/**
 * One attempt to reach the cloud, as the clock sees it. A token is signed as the attempt begins: one that is refused
 * after the clock has been corrected was still signed by a wrong clock.
 */
export class ClockAttempt {
  readonly #atStart: ClockCondition;
  readonly #correctionsAtStart: number;
  readonly #condition: () => ClockCondition;
  readonly #corrections: Happening;

  constructor(condition: () => ClockCondition, corrections: Happening) {
    this.#atStart = condition();
    this.#correctionsAtStart = corrections.times;
    this.#condition = condition;
    this.#corrections = corrections;
  }

  /** The failure to go by: transient if the clock was suspect, or was set, at any time since the attempt began. */
  temper(error: CloudError): CloudError {
    return temper(error, this.#worst());
  }

  /**
   * Resolves when the clock is corrected, or has been since the attempt began: what failed by a wrong clock is worth
   * another attempt then. Never resolves for a failure that no clock explains. Rejects with the signal's reason.
   */
  async corrected(error: CloudError, signal: AbortSignal): Promise<void> {
    if (!isClockSensitive(error.code)) await untilAborted(new Promise(() => undefined), signal);
    if (!this.#wasCorrected()) await this.#corrections.next(signal);
  }

  #worst(): ClockCondition {
    const now = this.#condition();
    if (isSuspect(now.state)) return now;
    if (isSuspect(this.#atStart.state)) return this.#atStart;
    return this.#wasCorrected() ? { ...now, state: 'suspect', reason: 'it was set meanwhile' } : now;
  }

  #wasCorrected(): boolean {
    return this.#corrections.times > this.#correctionsAtStart;
  }
}
