import type { Log } from '../../lib/log.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Random } from '../../lib/random.ts';
import type { Cloud } from '../cloud.ts';
import type { Fleet, Member } from '../fleet/fleet.ts';

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
  /** In force for everything that passes, open connections too, until it is set again. */
  shape(shape: WireShape): void;
  /** Resets every connection that is open. */
  cut(): void;
  close(): Promise<void>;
}

/** Nothing of it: `{}`. */
export interface WireShape {
  readonly latencyMs?: number;
  readonly jitterMs?: number;
  /** Of segments, how many are held up as TCP does when one is lost: a share; each costs a retransmission timeout. */
  readonly loss?: number;
  readonly bytesPerSecond?: number;
  /** Nothing passes any more, and nobody is told. */
  readonly silent?: boolean;
  /** New connections are refused. */
  readonly closed?: boolean;
}
