import * as v from 'valibot';
import { byteSize, present, section, wholeNumber } from './fields.ts';

/** What the hub's quota and the data plan allow. */
export const budget = v.pipe(
  section({
    messages_per_day: v.optional(wholeNumber(1, 1_000_000_000)),
    bytes_per_month: v.optional(byteSize('100KB', '100TB')),
  }),
  v.transform((input) =>
    present({ messagesPerDay: input.messages_per_day, bytesPerMonth: input.bytes_per_month }),
  ),
);
