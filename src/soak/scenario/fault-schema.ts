import * as v from 'valibot';
import { duration, field, oneOf, pathTo, section } from '../../config/fields.ts';
import type { Field } from '../../config/fields.ts';
import { expected, isMapping } from '../../config/found.ts';
import type { Parsed } from '../../config/found.ts';
import { describeError } from '../../lib/errors.ts';
import type { FaultKind } from '../faults/fault-kind.ts';
import { parseProportion } from './proportion.ts';
import type { PlannedFault } from './scenario.ts';

/** Of a kind of fault, what a scenario's file is checked with. */
export type KnownKind = Pick<FaultKind, 'name' | 'check'>;

/** One entry of `faults`. What its kind takes stands under `with`. */
export function plannedFault(kinds: readonly KnownKind[]): v.GenericSchema<unknown, PlannedFault> {
  const kindOf = oneOf(kinds.map(({ name }) => name));
  return v.pipe(
    section({
      kind: kindOf,
      at: v.optional(duration('0s', '30d')),
      every: v.optional(duration('1s', '30d')),
      for: v.optional(duration('0s', '30d'), 0),
      agents: v.optional(struck, '10%'),
      with: v.optional(options, {}),
    }),
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed) return;
      const { kind, at, every, with: given } = dataset.value;
      if ((at === undefined) === (every === undefined)) addIssue({ message: onceOrAgain });
      const problem = optionProblem(kinds, kind, given);
      if (problem !== undefined) addIssue({ message: problem, path: pathTo('with') });
    }),
    v.transform(({ kind, at, every, for: forMs, agents, with: given }): PlannedFault => ({
      kind,
      when: at === undefined ? { everyMs: every ?? 0 } : { atMs: at },
      forMs,
      agents,
      options: given,
    })),
  );
}

const onceOrAgain = 'expected either at, for once, or every, for again and again';

/** The kind's own sentence. */
function optionProblem(kinds: readonly KnownKind[], name: string, given: Options): string | undefined {
  try {
    kinds.find((kind) => kind.name === name)?.check(given);
    return undefined;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return `does not go with ${name}: ${describeError(error)}`;
  }
}

type Options = Readonly<Record<string, unknown>>;

const options: Field<Options> = field(
  (input) =>
    isMapping(input) ? { value: input } : { problem: expected('a mapping of what the kind takes', input) },
  { type: 'object' },
);

const struck = field<Struck>((input): Parsed<Struck> => {
  if (Number.isInteger(input) && Number(input) > 0) return { value: { count: Number(input) } };
  const share = parseProportion(input, Number.MIN_VALUE);
  if ('value' in share) return { value: { share: share.value } };
  return { problem: expected('how many agents, or a share of them such as 30%', input) };
}, {});

type Struck = PlannedFault['agents'];
