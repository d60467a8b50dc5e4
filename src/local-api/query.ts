import type { Priority } from '../telemetry/priority.ts';
import { Refusal } from './answer.ts';

/** The type: a compile error if a priority is added and not listed here. */
const priorities: Readonly<Record<Priority, Priority>> = { high: 'high', normal: 'normal', low: 'low' };

/** Throws a `Refusal` for a parameter that is unknown or given twice: what is misspelt must not be ignored. */
export function parametersOf<const Name extends string>(
  query: URLSearchParams,
  known: readonly Name[],
): Partial<Record<Name, string>> {
  const given: Partial<Record<Name, string>> = {};
  for (const [key, value] of query) {
    const name = known.find((candidate) => candidate === key);
    if (name === undefined)
      throw new Refusal(400, `cannot use the parameter ${quoted(key)}: there are ${known.join(', ')}`);
    if (given[name] !== undefined) throw new Refusal(400, `cannot use ${name} twice: give it once`);
    given[name] = value;
  }
  return given;
}

/** Throws an error that says what it should be. */
export function priorityOf(value: unknown): Priority {
  const isKnown = typeof value === 'string' && Object.hasOwn(priorities, value);
  if (!isKnown) throw new Refusal(400, `cannot use priority ${quoted(value)}: write high, normal or low`);
  return priorities[value as Priority];
}

/** Throws an error that says what it should be. */
export function componentOf(value: unknown): string {
  if (typeof value === 'string' && /^[A-Za-z][A-Za-z0-9_]{0,63}$/.test(value)) return value;
  throw new Refusal(
    400,
    `cannot use component ${quoted(value)}: up to 64 letters, digits or _, a letter first`,
  );
}

/** Cut, so that an answer stays short. */
export function quoted(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : typeof value;
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
