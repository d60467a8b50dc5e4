import type { Random } from '../../src/lib/random.ts';

/** Repeatable numbers in [0, 1) from a seed (mulberry32), so that a failing run can be run again. */
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
