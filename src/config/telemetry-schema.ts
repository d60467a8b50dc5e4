import * as v from 'valibot';
import { batch } from './inputs/batch.ts';
import { inputs } from './inputs/inputs.ts';
import { budget } from './budget-schema.ts';
import { decimal, optionalSection, section, wholeNumber } from './fields.ts';
import { queue } from './queue-schema.ts';

export const telemetry = v.pipe(
  section({
    inputs: v.optional(inputs, [{ name: 'system', type: 'system', interval: '60s' }]),
    batch: optionalSection(batch),
    budget: optionalSection(budget),
    queue: optionalSection(queue),
    // IoT Hub's packet identifiers end at 65535, and throughput at some hundreds (azure-node-sdk.md 4).
    window: v.optional(wholeNumber(1, 1000), 64),
    drain_rate: v.optional(decimal(0.1, 10_000), 20),
  }),
  v.transform(({ drain_rate, ...rest }) => ({ ...rest, drainRatePerSecond: drain_rate })),
);
