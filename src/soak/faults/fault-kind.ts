import type { Log } from '../../lib/log.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Random } from '../../lib/random.ts';
import type { Cloud } from '../cloud.ts';
import type { Fleet, Member } from '../fleet/fleet.ts';
import type { KindTiming } from '../scenario/schedule.ts';

/** What faults act on. */
export interface Battlefield {
  readonly cloud: Cloud;
  readonly fleet: Fleet;
  /** The CONNECT proxy that proxied members go through. */
  readonly wire: Wire;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** One that strikes now: made by a kind from what the scenario says of it. */
export interface Strike {
  /** In words, with its figures: "hub out of reach", "latency 400 ms". */
  readonly description: string;
  /** Of those it was meant for, whom it really strikes (a kind that acts on processes strikes all that share one). */
  readonly struck: readonly Member[];
  /** Puts it in force, keeps it so until the signal is aborted or it is over by itself, and puts everything right again. */
  run(signal: AbortSignal): Promise<void>;
}

export interface FaultKind {
  readonly name: string;
  /** For the list of kinds in docs/soak.md. */
  readonly summary: string;
  /** How it is fitted into a run; unless given, it lasts 2 s at least and does not overlap its own kind. */
  readonly timing?: Partial<KindTiming>;
  /** Acts on agents, the wire or this machine alone: it can be had against Azure, too. */
  readonly isLocal?: boolean;
  /** Checks a scenario's options; throws a TypeError that says what is wrong with which. */
  readonly check: (options: Readonly<Record<string, unknown>>) => void;
  /** Why it cannot be had on this machine or with this fleet; `undefined`: it can. */
  readonly unavailable: (field: Battlefield) => string | undefined;
  readonly make: (
    options: Readonly<Record<string, unknown>>,
    members: readonly Member[],
    field: Battlefield,
  ) => Strike;
}

/** A CONNECT proxy in a process of its own, and what it does to the bytes that pass. */
export interface Wire {
  readonly host: string;
  readonly port: number;
  /** For a member's `network.proxy`: it says by its user name who it is, so that one can be struck and not another. */
  urlFor(name: string): string;
  /**
   * In force for everything that passes to and from these members, or all without names, over connections that are open
   * too, until the function it returns is called. Shapes that are in force together add up.
   */
  shape(shape: WireShape, names?: readonly string[]): () => void;
  /** Resets every connection that is open, of these members or all. */
  cut(names?: readonly string[]): void;
  /** Resolves when the process has ended. */
  close(): Promise<void>;
}

/** Of each connection and direction. Nothing of it: `{}`. */
export interface WireShape {
  readonly latencyMs?: number;
  /** Up to so much on top of the latency, evenly spread. */
  readonly jitterMs?: number;
  /** Of segments, how many are held up as TCP does when one is lost: a share; each costs a retransmission timeout. */
  readonly loss?: number;
  readonly bytesPerSecond?: number;
  /** Nothing passes any more, and nobody is told. */
  readonly silent?: boolean;
  /** New connections are not taken. */
  readonly closed?: boolean;
}
