import type * as v from 'valibot';
import { ConfigError } from '../lib/errors.ts';
import { looksSecret } from './found.ts';
import type { KeyPath } from './positions.ts';

export interface ConfigProblem {
  readonly file: string;
  /** From 1; 0 when the problem is the file as a whole. */
  readonly line: number;
  /** From 1; 0 when the problem is the file as a whole. */
  readonly column: number;
  /** Such as `telemetry.inputs[0].name`; empty when the problem is not about one key. */
  readonly path: string;
  /** What was expected and what was found. Never contains the value of a secret. */
  readonly message: string;
}

/**
 * Everything that is wrong with a configuration, by its files as they first come up, and in the order of their lines. The
 * message lists it all, one a line.
 */
export class ConfigProblems extends ConfigError {
  readonly problems: readonly ConfigProblem[];
  /** What else was noticed; not in the message. */
  readonly warnings: readonly ConfigProblem[];

  constructor(
    file: string,
    problems: readonly ConfigProblem[],
    options?: ErrorOptions,
    warnings: readonly ConfigProblem[] = [],
  ) {
    const files = [...new Set(problems.map((problem) => problem.file))];
    const ordered = problems.toSorted(
      (a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column,
    );
    const count = ordered.length === 1 ? '1 problem' : `${ordered.length} problems`;
    super([`cannot use ${file}: ${count}`, ...ordered.map(formatProblem)].join('\n'), options);
    this.problems = ordered;
    this.warnings = warnings;
  }
}

/** `file:line:column: path: message`, a form that editors and terminals can follow. */
export function formatProblem(problem: ConfigProblem): string {
  const place = problem.line === 0 ? problem.file : `${problem.file}:${problem.line}:${problem.column}`;
  return [place, problem.path, problem.message].filter((part) => part !== '').join(': ');
}

/** A problem of the file as a whole, such as that it is not there. */
export function fileProblem(file: string, message: string): ConfigProblem {
  return { file, line: 0, column: 0, path: '', message };
}

/** A key path as people write it. A key that may hold a secret, because a colon was misplaced, is not shown. */
export function formatPath(path: KeyPath): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    return text === '' ? shownKey(key) : `${text}.${shownKey(key)}`;
  }, '');
}

export function issuePath(issue: v.BaseIssue<unknown>): KeyPath {
  return (issue.path ?? []).map(({ key }) => (typeof key === 'number' ? key : String(key)));
}

function shownKey(key: string): string {
  if (/^[\w-]{1,40}$/.test(key)) return key;
  const start = /^[\w-]{1,40}(?=:)/.exec(key);
  if (start !== null) return `"${start[0]}:…"`;
  return looksSecret(key) || key.length > 40 ? '(key not shown)' : JSON.stringify(key);
}
