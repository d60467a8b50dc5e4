import * as v from 'valibot';
import type { Clock } from '../lib/clock.ts';
import { inScope } from '../lib/scope.ts';
import { wholeNumber } from './argument-kinds.ts';
import type { Method } from './method.ts';

/** Where telemetry can be hurried. */
export interface TelemetryFlush {
  /**
   * Closes open batches and writes the queue, then resolves when everything that was held by then is acknowledged, or
   * when the signal is aborted, with how far it came.
   */
  flush(signal: AbortSignal): Promise<FlushOutcome>;
}

export interface FlushOutcome {
  /** Whether all of it has been acknowledged by the hub. */
  readonly flushed: boolean;
  /** Messages acknowledged meanwhile, and those still held. */
  readonly acknowledged: number;
  readonly waiting: number;
}

const args = v.object({ timeoutSeconds: v.optional(wholeNumber(1, 300)) });

/** What an answer needs of the time that is left, in milliseconds. */
const marginMs = 1000;

/**
 * `flushTelemetry {timeoutSeconds?}`: everything that was measured goes to the hub now. Waits no longer than there is time
 * for an answer; that not all of it got through is no error, and said.
 * @param deadlineMs the time there is for an answer
 */
export function flushTelemetry(
  telemetry: TelemetryFlush,
  deadlineMs: () => number,
  clock: Pick<Clock, 'sleep'>,
): Method<v.InferOutput<typeof args>> {
  return {
    name: 'flushTelemetry',
    component: 'telemetry',
    args,
    handle: async ({ timeoutSeconds = Infinity }, { signal }) => {
      const withinMs = Math.min(timeoutSeconds * 1000, Math.max(marginMs / 2, deadlineMs() - marginMs));
      const payload = await inScope(signal, (scope) => {
        const isOver = clock.sleep(withinMs, scope.signal);
        isOver.then(
          () => {
            scope.abort(new Error('the time for flushing is over'));
          },
          () => undefined,
        );
        return telemetry.flush(scope.signal);
      });
      return { status: 200, payload };
    },
  };
}
