import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Random } from '../../lib/random.ts';
import type { Secret } from '../../lib/secret.ts';
import type { Cloud } from '../cloud.ts';
import type { IdentityMix, Scenario } from '../scenario/scenario.ts';

export interface FleetOptions {
  /** Of the scenario: what the agents are called (NAME-0001 and so on), how many, who they are and how they are set. */
  readonly scenario: Pick<Scenario, 'name' | 'agents' | 'config'> & { readonly identities: IdentityMix };
  /** One agent to a process, as installed, or many. */
  readonly host: 'process' | 'in-process';
  /** Of many to a process, how many at the most; 50 unless given. */
  readonly agentsPerProcess?: number;
  readonly target: FleetTarget;
  /** The way of those that are proxied. Absent: nobody is. */
  readonly proxy?: { readonly host: string; readonly port: number };
  /** Of the run: `members/`, `logs/` and `cache/` are made in it. Its path must be absolute. */
  readonly directory: string;
  readonly programs: Programs;
  /** How long a process that ended stays so, in milliseconds; 5,000 unless given, as the unit's RestartSec. */
  readonly restartDelayMs?: number;
  /** The first start of all agents is spread over so long, in milliseconds; 0 unless given. */
  readonly startSpreadMs?: number;
  /** Of each agent, in each of two files, in bytes; 1 MB unless given. */
  readonly maxLogBytes?: number;
  /** The path of libfaketime: every process gets a clock of its own, by its members' `clockFile`. */
  readonly fakeTimeLibrary?: string;
  /** Milliseconds since the run began. */
  readonly elapsed: () => number;
  readonly random: Random;
  readonly clock: Clock;
  readonly log: Log;
}

/** Where the agents belong. At the simulator all of them are enrolled; at Azure there is a group's key, and that is all. */
export type FleetTarget =
  | { readonly kind: 'simulator'; readonly cloud: Pick<Cloud, 'simulator'> }
  | {
      readonly kind: 'azure';
      readonly scopeId: string;
      readonly groupKey: Secret;
      /** `host:port`; the public cloud's unless given. */
      readonly endpoint?: string;
    };

/** How an agent and a crew are started. */
export interface Programs {
  /** The path of Node itself. */
  readonly node: string;
  /** What Node is told to run, before the verb: the path of `dps-agent.cjs`. */
  readonly agent: readonly string[];
  /** The same for `dps-agent-soak`, whose verb `crew` runs many agents. */
  readonly soak: readonly string[];
}
