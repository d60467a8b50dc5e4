import { createContext, Script } from 'node:vm';

/** Finds the number in a text, or throws an error that says what it found instead. */
export type NumberFinder = (text: string) => number;

/** The first decimal number, wherever it stands. */
export const firstNumber: NumberFinder = (text) => {
  const digits = /[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?/.exec(text)?.[0];
  if (digits === undefined) throw new Error('there is no number in it');
  return Number(digits);
};

const longestMs = 250;

/**
 * The number in the pattern's one group, or in the one named `value`. However badly a pattern backtracks, it is stopped
 * after 250 ms: the script runs with V8's own time limit, which ends a regular expression too.
 */
export function numberBy(pattern: RegExp): NumberFinder {
  const search = new Script('pattern.exec(text)');
  const context = createContext({ pattern, text: '' });
  return (text) => {
    context['text'] = text;
    const match = within(
      longestMs,
      () => search.runInContext(context, { timeout: longestMs }) as RegExpExecArray | null,
    );
    context['text'] = '';
    if (match === null) throw new Error(`the pattern ${String(pattern)} finds nothing in it`);
    return toNumber(match.groups?.['value'] ?? match[1]);
  };
}

function within<T>(ms: number, search: () => T): T {
  try {
    return search();
  } catch (error) {
    // It comes from the script's own realm, and so is no instance of this one's Error.
    if ((error as { code?: unknown }).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
    throw new Error(`the pattern takes longer than ${ms} ms: repeat nothing that repeats itself`, {
      cause: error,
    });
  }
}

/** As JavaScript reads a number, so that 0x1f is one too. */
function toNumber(group: string | undefined): number {
  const number = group === undefined || group.trim() === '' ? Number.NaN : Number(group);
  if (Number.isFinite(number)) return number;
  throw new Error(
    `the pattern’s group holds ${group === undefined ? 'nothing' : excerpt(group)}, which is no number`,
  );
}

/** The beginning of a text, on one line; no more of it, for a file may be the wrong one. */
function excerpt(text: string): string {
  const line = text.replace(/[\s\p{Cc}]+/gu, ' ').trim();
  return JSON.stringify(line.length > 20 ? `${line.slice(0, 20)}…` : line);
}
