import { runAll } from '../lib/service.ts';
import type { Evidence } from './evidence.ts';
import type { Battlefield } from './faults/fault-kind.ts';
import type { LoadPlan } from './load/load-plan.ts';
import { ConnectionWatch } from './observe/connection-watch.ts';
import { ProcessWatch } from './observe/process-watch.ts';
import { TwinSteering } from './observe/twin-steering.ts';

export interface ObserversOptions extends Battlefield {
  readonly elapsed: () => number;
  /** Whether the cloud is out of reach: then twins are left alone. */
  readonly isRemote: boolean;
  /** One of them has failed. */
  readonly onFailure: (error: Error) => void;
}

export type Seen = Pick<
  Evidence,
  'processes' | 'sessions' | 'registrations' | 'attempts' | 'twins' | 'omitted'
>;

/** Everybody who only looks, and who changes twins to see what comes of it. They look from the beginning. */
export class Observers {
  readonly #connections: ConnectionWatch;
  readonly #processes: ProcessWatch;
  readonly #twins: TwinSteering;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  constructor({ cloud, fleet, clock, random, log, elapsed, isRemote, onFailure }: ObserversOptions) {
    const agents = fleet.members.map(({ name }) => name);
    const connections = new ConnectionWatch(agents, elapsed);
    const hubOf = (agent: string): string | undefined => connections.hubOf(agent);
    this.#connections = connections;
    this.#processes = new ProcessWatch(fleet, clock, elapsed);
    this.#twins = new TwinSteering({ agents, cloud, hubOf, random, clock, log, elapsedMs: elapsed });
    cloud.onConnection((record) => {
      connections.see(record);
    });
    const services = isRemote ? [this.#processes] : [this.#processes, this.#twins];
    this.#running = runAll(services, this.#stop.signal).catch((cause: unknown) => {
      onFailure(new Error('cannot go on observing', { cause }));
    });
  }

  follow(plan: Pick<LoadPlan, 'twinEveryMs'>): void {
    this.#twins.follow(plan);
  }

  /** Whether every change of a twin has come to its end. */
  get isSettled(): boolean {
    return this.#twins.outstanding === 0;
  }

  async stop(): Promise<void> {
    this.#stop.abort(new Error('the run is over'));
    await this.#running;
  }

  get seen(): Seen {
    return {
      ...this.#connections.seen,
      processes: this.#processes.seen,
      twins: this.#twins.seen,
      omitted: { ...this.#connections.omitted, ...this.#processes.omitted, ...this.#twins.omitted },
    };
  }
}
