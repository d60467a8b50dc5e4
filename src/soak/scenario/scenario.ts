import type { LoadPlan } from '../load/load-plan.ts';

/** What a soak does, read from YAML. Durations are milliseconds; those of phases are scaled by `--duration`. */
export interface Scenario {
  readonly name: string;
  readonly description: string;
  /** The same seed gives the same faults, at the same moments, for the same agents. */
  readonly seed: number;
  readonly agents: number;
  readonly hubs: number;
  readonly identities: IdentityMix;
  /** Laid over every agent's config.yaml, as deep as it goes. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly phases: readonly Phase[];
  /** After the last phase everything is whole, and so long, at most, to bring out what was promised; never scaled. */
  readonly calmMs: number;
  readonly limits: Limits;
}

/** Which agents prove themselves how, as shares of all that add up to 1, and which reach the cloud through the proxy. */
export interface IdentityMix {
  /** Keys derived from an enrollment group's. */
  readonly group: number;
  /** Individual enrollments with a key each. */
  readonly key: number;
  /** A certificate each, signed by an authority of the soak's own. */
  readonly x509: number;
  /** Share of all whose way leads through the soak's own CONNECT proxy, which `latency`, `loss` and `cut` act upon. */
  readonly proxied: number;
}

export interface Phase {
  readonly name: string;
  readonly durationMs: number;
  readonly load: LoadPlan;
  readonly faults: readonly PlannedFault[];
}

/** One line of `faults:`, checked by the kind's own schema. */
export interface PlannedFault {
  readonly kind: string;
  /** Once, so long after the phase began (scaled as the phase is); or again and again, so far apart on average. */
  readonly when: { readonly atMs: number } | { readonly everyMs: number };
  /** How long it lasts; 0 for what happens at once. */
  readonly forMs: number;
  /** Whom it strikes: a share of all, at least one; or so many. */
  readonly agents: { readonly share: number } | { readonly count: number };
  /** What else the kind takes. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** What the judge allows. */
export interface Limits {
  /** From a fault's end until the agents it struck are connected again, in milliseconds. */
  readonly recovery: { readonly p50Ms: number; readonly p99Ms: number; readonly maxMs: number };
  /** Of all agents together, in any minute. */
  readonly registrationsPerMinute: number;
  /** Of one agent, to DPS and hub, in any minute; absent: what the agent's own defaults for retrying lead to. */
  readonly attemptsPerAgentMinute?: number;
  /** Sessions begun, for each agent and hour, beyond those that a fault ended. */
  readonly reconnectsPerAgentHour: number;
  /** Of messages delivered, how many came again: a share. */
  readonly duplicates: number;
  /** Growth of an agent's resident memory after warm-up, in bytes an hour; judged only if the run is long enough to tell. */
  readonly memoryBytesPerAgentHour: number;
  /** How many descriptors and sockets a process may have more at the end than after warm-up, for each of its agents. */
  readonly descriptorsPerAgent: number;
  /** Until a desired property is acknowledged by an agent that is connected, in milliseconds. */
  readonly twinMs: number;
  /** Nothing but being connected may last longer, when nothing is wrong with the cloud, in milliseconds. */
  readonly stuckMs: number;
}
