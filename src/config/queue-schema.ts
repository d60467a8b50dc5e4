import * as v from 'valibot';
import { byteSize, duration, oneOf, optionalSection, present, section } from './fields.ts';

const stream = (maxBytes: string): v.GenericSchema<StreamInput, StreamConfig> =>
  v.pipe(
    section({
      max_bytes: v.optional(byteSize('64KB', '1TB'), maxBytes),
      ttl: v.optional(duration('1s', '3650d')),
    }),
    v.transform((input) => ({ maxBytes: input.max_bytes, ...present({ ttlMs: input.ttl }) })),
  );

interface StreamInput {
  max_bytes?: unknown;
  ttl?: unknown;
}

interface StreamConfig {
  readonly maxBytes: number;
  /** Absent: for ever. */
  readonly ttlMs?: number;
}

/** What is kept while the hub is out of reach, and how. */
export const queue = v.pipe(
  section({
    durability: v.optional(oneOf(['flush', 'always']), 'flush'),
    flush_interval: v.optional(duration('100ms', '10m'), '1s'),
    max_bytes: v.optional(byteSize('64KB', '1TB'), '256MB'),
    min_free: v.optional(byteSize('0B', '1TB'), '64MB'),
    max_memory: v.optional(byteSize('1MB', '1GB'), '8MB'),
    high: optionalSection(stream('256MB')),
    normal: optionalSection(stream('256MB')),
    low: optionalSection(stream('128MB')),
  }),
  v.transform((input) => ({
    durability: input.durability,
    flushIntervalMs: input.flush_interval,
    maxBytes: input.max_bytes,
    minFreeBytes: input.min_free,
    memoryMaxBytes: input.max_memory,
    priorities: { high: input.high, normal: input.normal, low: input.low },
  })),
);
