import { isIPv6 } from 'node:net';
import type { Clock } from '../../lib/clock.ts';

/** So many wrong ones are a person's; from then on each doubles the wait. */
const freeGuesses = 5;
const firstWaitMs = 1000;
const longestWaitMs = 300_000;
/** After so long without another one they are forgotten. */
const memoryMs = 3_600_000;
/** Of those who guess, so many are remembered; the one that has guessed least recently makes room. */
const mostGuessers = 1000;

interface Guesser {
  readonly wrong: number;
  readonly lastMs: number;
}

/** Slows down whoever guesses at a password, by the address they come from. */
export class Guesses {
  readonly #clock: Pick<Clock, 'monotonic'>;
  /** The latest is last. */
  readonly #byAddress = new Map<string, Guesser>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** How long that address must wait before it is listened to again, in milliseconds. */
  waitMs(address: string): number {
    const guesser = this.#byAddress.get(networkOf(address));
    if (guesser === undefined || guesser.wrong < freeGuesses) return 0;
    const waitMs = Math.min(longestWaitMs, firstWaitMs * 2 ** (guesser.wrong - freeGuesses));
    return Math.max(0, guesser.lastMs + waitMs - this.#clock.monotonic());
  }

  /** Returns how many wrong ones in a row that makes. */
  wrong(address: string): number {
    const network = networkOf(address);
    const nowMs = this.#clock.monotonic();
    const before = this.#byAddress.get(network);
    const isRemembered = before !== undefined && nowMs - before.lastMs < memoryMs;
    const wrong = (isRemembered ? before.wrong : 0) + 1;
    this.#byAddress.delete(network);
    this.#byAddress.set(network, { wrong, lastMs: nowMs });
    const [oldest] = this.#byAddress.keys();
    if (this.#byAddress.size > mostGuessers && oldest !== undefined) this.#byAddress.delete(oldest);
    return wrong;
  }

  right(address: string): void {
    this.#byAddress.delete(networkOf(address));
  }
}

/** Whoever has one IPv6 address has the 2^64 of its network. */
function networkOf(address: string): string {
  if (!isIPv6(address) || address.toLowerCase().startsWith('::ffff:')) return address;
  return address.split(':').slice(0, 4).join(':');
}
