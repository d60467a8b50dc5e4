import type { JsonObject } from '../../../lib/json.ts';

/** What was found in an answer, and what was not. */
export interface Extraction {
  readonly values: JsonObject;
  readonly failures: readonly Error[];
}

/** More than this without a selection is not what anybody wants to pay for. */
export const mostValues = 200;

/** Looks for each selected value; one that is not found costs no other. */
export function selectEach(
  select: Readonly<Record<string, string>>,
  find: (selector: string) => string | number | boolean,
): Extraction {
  const values: [string, unknown][] = [];
  const failures: Error[] = [];
  for (const [name, selector] of Object.entries(select)) {
    try {
      values.push([name, find(selector)]);
    } catch (cause) {
      failures.push(new Error(`cannot tell ${name}`, { cause }));
    }
  }
  return { values: Object.fromEntries(values), failures };
}
