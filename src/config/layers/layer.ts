import type { KeyPath } from '../positions.ts';
import type { ConfigProblem } from '../problems.ts';
import type { ValueSource } from './source.ts';

/** One of the places that a configuration is put together from. */
export interface Layer {
  /** What it says, its keys put right; `undefined` when it cannot be read. */
  readonly document: unknown;
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly ConfigProblem[];
  /** Whether what is wrong with the value of this path has been said: then nothing more is said of it. */
  isSettled(path: KeyPath): boolean;
  problemAt(path: KeyPath, message: string): ConfigProblem;
  sourceOf(path: KeyPath): ValueSource;
}

export function pathId(path: KeyPath): string {
  return JSON.stringify(path);
}
