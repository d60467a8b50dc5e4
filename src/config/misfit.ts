import * as v from 'valibot';
import { pathTo } from './fields.ts';
import { isMapping } from './found.ts';

/** A key that does not go with the others of its section, or that they need. */
export interface Misfit {
  readonly key: string;
  readonly message: string;
}

/**
 * Checks which keys go together. It stands beside the checks of the values, not after them, so that everything is
 * reported at once; so a value may be of any form here.
 */
export function fitting<T>(
  misfits: (given: Readonly<Record<string, unknown>>) => readonly Misfit[],
): v.RawCheckAction<T> {
  return v.rawCheck(({ dataset, addIssue }) => {
    const given: unknown = dataset.value;
    if (!isMapping(given)) return;
    for (const { key, message } of misfits(given)) addIssue({ message, path: pathTo(key) });
  });
}

/** The keys of another way, each to be removed: `setting` is the one that decides, as in `method x509`. */
export function foreign(
  given: Readonly<Record<string, unknown>>,
  [setting, own, owner]: readonly [string, string, string],
  keys: readonly string[],
): Misfit[] {
  return keys
    .filter((key) => key in given)
    .map((key) => ({ key, message: `belongs to ${setting} ${owner}, but ${setting} is ${own}: remove it` }));
}

/** `misfits` has reported every key that is missing, and nothing is transformed after a report. */
export function checked<T>(value: T | undefined): T {
  if (value === undefined)
    throw new Error('cannot read the configuration: a key that is needed was not checked');
  return value;
}
