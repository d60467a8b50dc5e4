import type { Random } from './random.ts';

/** Repeatable numbers in [0, 1) from a seed (mulberry32), so that what chance did can be done again. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A whole number from 0 to `below`, without `below` itself. */
export function whole(random: Random, below: number): number {
  return Math.floor(random() * below);
}

export function oneOf<T>(random: Random, choices: readonly T[]): T {
  const choice = choices[whole(random, choices.length)];
  if (choice === undefined) throw new Error('cannot choose: there is nothing to choose from');
  return choice;
}

/** So many of them, each at most once, in the order of chance; all, if there are no more. */
export function someOf<T>(random: Random, choices: readonly T[], count: number): T[] {
  const left = [...choices];
  const taken = Math.min(count, left.length);
  return Array.from({ length: taken }, () => left.splice(whole(random, left.length), 1)).flat();
}
