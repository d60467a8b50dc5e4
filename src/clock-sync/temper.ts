import { CloudError } from '../cloud-error.ts';
import type { FailureCode, FailureKind } from '../cloud-error.ts';
import { isSuspect } from './condition.ts';
import type { ClockCondition } from './condition.ts';

/** What a wrong clock looks like: a token that has expired or is not signed yet, a certificate out of its time. */
const clockSensitive: ReadonlySet<FailureCode> = new Set<FailureCode>([
  'DPS-401',
  'DPS-CONNACK-4',
  'DPS-CONNACK-5',
  'HUB-CONNACK-4',
  'HUB-CONNACK-5',
  'TLS-NOT-YET-VALID',
  'TLS-EXPIRED',
  'CERT-NOT-YET-VALID',
  'CERT-EXPIRED',
]);

/** Whether a wrong clock can bring this failure about. */
export function isClockSensitive(code: FailureCode): boolean {
  return clockSensitive.has(code);
}

/**
 * The failure to go by: while the clock is suspect, one that a wrong clock brings about says nothing of the device and
 * is transient. Any other failure, and any while the clock is not suspect, is handed back as it is.
 */
export function temper(error: CloudError, condition: ClockCondition): CloudError {
  return isSuspect(condition.state) && isClockSensitive(error.code)
    ? new TemperedError(error, condition)
    : error;
}

class TemperedError extends CloudError {
  constructor(error: CloudError, condition: ClockCondition) {
    const { cause, retryAfterMs } = error;
    super(error.code, 'go by the clock', { cause, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
    this.message = `${error.message}, while the clock is suspect (${condition.reason})`;
  }

  override get kind(): FailureKind {
    return 'transient';
  }

  override get remedy(): string {
    // Where the failure is transient anyway, its own remedy is the clock.
    return super.kind === 'transient'
      ? super.remedy
      : `see to the clock first: timedatectl; if it is right: ${super.remedy}`;
  }
}
