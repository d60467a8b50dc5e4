import * as v from 'valibot';
import { byteSize, duration, oneOf, section, wholeNumber } from '../fields.ts';

/** How readings become messages. The preset sends each reading at once, as a message of its own. */
export const batch = v.pipe(
  section({
    max_readings: v.optional(wholeNumber(1, 10_000), 1),
    // IoT Hub meters in units of 4 KB (protocol.md 5.3); beyond 240 KB the properties might not fit any more.
    max_bytes: v.optional(byteSize('1KB', '240KB'), '4KB'),
    max_delay: v.optional(duration('0s', '1d'), '10s'),
    compression: v.optional(oneOf(['none', 'gzip']), 'none'),
  }),
  v.transform((input) => ({
    maxReadings: input.max_readings,
    maxBytes: input.max_bytes,
    maxDelayMs: input.max_delay,
    compression: input.compression,
  })),
);

export type BatchConfig = v.InferOutput<typeof batch>;
