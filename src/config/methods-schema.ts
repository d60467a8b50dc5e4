import * as v from 'valibot';
import { duration, oneOf, section, wholeNumber } from './fields.ts';
import { expected } from './found.ts';

/** What somebody who has taken over the hub could do most harm with: off unless the device's own file allows it. */
const restricted = ['runCommand', 'reboot'] as const;

/** Direct methods: how long, how many at once, and which of those that are off by default. */
export const methods: v.GenericSchema<MethodsInput, MethodsConfig> = v.pipe(
  section({
    deadline: v.optional(duration('1s', '5m'), '25s'),
    at_once: v.optional(wholeNumber(1, 64), 4),
    allow: v.optional(
      v.array(oneOf(restricted), (issue) => expected('a list of names of methods', issue.input)),
      [],
    ),
  }),
  v.transform(({ deadline, at_once, allow }) => ({ deadlineMs: deadline, atOnce: at_once, allow })),
);

export interface MethodsConfig {
  /** A method that takes longer is answered for. */
  readonly deadlineMs: number;
  readonly atOnce: number;
  readonly allow: readonly (typeof restricted)[number][];
}

interface MethodsInput {
  deadline?: unknown;
  at_once?: unknown;
  allow?: unknown;
}
