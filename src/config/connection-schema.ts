import * as v from 'valibot';
import { duration, oneOf, optionalSection, pathTo, section, wholeNumber, type Field } from './fields.ts';
import { formatDuration } from './duration.ts';

export const connection = v.pipe(
  section({
    transport: v.optional(oneOf(['mqtt', 'mqtt_ws', 'auto']), 'auto'),
    // 1177 s is the longest that IoT Hub takes (protocol.md 3.2).
    keep_alive: v.optional(duration('5s', '1177s'), '25s'),
    connect_timeout: v.optional(duration('1s', '5m'), '20s'),
    ack_timeout: v.optional(duration('5s', '10m'), '60s'),
    stable_after: v.optional(duration('1s', '1h'), '60s'),
    retry: optionalSection(
      backoff(
        { field: duration('100ms', '10m'), preset: '1s' },
        { field: duration('1s', '1d'), preset: '60s' },
      ),
    ),
    rejected_retry: optionalSection(
      backoff({ field: duration('1s', '1d'), preset: '5m' }, { field: duration('1s', '7d'), preset: '1h' }),
    ),
    reprovision_after_failures: v.optional(wholeNumber(1, 1000), 10),
    reprovision_after: v.optional(duration('1m', '1d'), '15m'),
    reprovision_spread: v.optional(duration('0s', '1h'), '60s'),
  }),
  v.transform((input) => ({
    transport: input.transport,
    keepAliveMs: input.keep_alive,
    connectTimeoutMs: input.connect_timeout,
    ackTimeoutMs: input.ack_timeout,
    stableAfterMs: input.stable_after,
    retry: input.retry,
    rejectedRetry: input.rejected_retry,
    reprovisionAfterFailures: input.reprovision_after_failures,
    reprovisionAfterMs: input.reprovision_after,
    reprovisionSpreadMs: input.reprovision_spread,
  })),
);

interface Preset {
  readonly field: Field<number>;
  readonly preset: string;
}

interface Backoff {
  readonly initialMs: number;
  readonly maximumMs: number;
}

/** The first wait and the longest one, of waits that double. */
function backoff(initial: Preset, maximum: Preset): v.GenericSchema<BackoffInput, Backoff> {
  return v.pipe(
    section({
      initial: v.optional(initial.field, initial.preset),
      maximum: v.optional(maximum.field, maximum.preset),
    }),
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed || dataset.value.initial <= dataset.value.maximum) return;
      const [found, most] = [formatDuration(dataset.value.initial), formatDuration(dataset.value.maximum)];
      addIssue({ message: `expected at most the maximum, ${most}, found ${found}`, path: pathTo('initial') });
    }),
    v.transform((input) => ({ initialMs: input.initial, maximumMs: input.maximum })),
  );
}

interface BackoffInput {
  initial?: unknown;
  maximum?: unknown;
}
