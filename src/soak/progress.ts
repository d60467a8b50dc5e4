import { formatDuration } from '../config/duration.ts';
import type { Clock } from '../lib/clock.ts';
import { untilStopped } from '../lib/deadline.ts';
import type { FaultEngine } from './faults/engine.ts';
import type { Fleet } from './fleet/fleet.ts';
import type { Ledger } from './ledger/ledger.ts';
import type { Timeline } from './timeline.ts';

/** What is to be told while a run lasts. */
export interface Scene {
  readonly fleet: Pick<Fleet, 'states' | 'members'>;
  readonly ledger: Pick<Ledger, 'totals'>;
  readonly engine: Pick<FaultEngine, 'underWay'>;
  readonly timeline: Pick<Timeline, 'elapsed' | 'current'>;
}

export interface Progress {
  begin(scene: Scene): void;
  end(): void;
}

const everyMs = 10_000;

/** Now and then a line: text for people, JSON for programs. */
export class ProgressLines implements Progress {
  readonly #clock: Clock;
  readonly #say: (line: string) => void;
  readonly #json: boolean;
  readonly #over = new AbortController();

  constructor(clock: Clock, say: (line: string) => void, json: boolean) {
    this.#clock = clock;
    this.#say = say;
    this.#json = json;
  }

  begin(scene: Scene): void {
    void this.#tell(scene);
  }

  end(): void {
    this.#over.abort(new Error('the run is over'));
  }

  async #tell(scene: Scene): Promise<void> {
    while (!this.#over.signal.aborted) {
      const now = momentOf(scene);
      this.#say(this.#json ? `${JSON.stringify(now)}\n` : describe(now));
      await untilStopped(this.#clock.sleep(everyMs, this.#over.signal), this.#over.signal);
    }
  }
}

/** Tells all of them. */
export function together(all: readonly Progress[]): Progress {
  return {
    begin: (scene) => {
      for (const each of all) each.begin(scene);
    },
    end: () => {
      for (const each of all) each.end();
    },
  };
}

export interface Moment {
  readonly elapsedMs: number;
  readonly phase: string;
  readonly agents: Readonly<Record<string, number>>;
  readonly promised: number;
  readonly delivered: number;
  readonly outstanding: number;
  readonly faults: readonly string[];
}

export function momentOf({ fleet, ledger, engine, timeline }: Scene): Moment {
  const agents: Record<string, number> = {};
  for (const { name } of fleet.members) {
    const state = fleet.states.get(name)?.state ?? 'not heard of';
    agents[state] = (agents[state] ?? 0) + 1;
  }
  const { promised, delivered, outstanding } = ledger.totals;
  const faults = engine.underWay.map(({ kind }) => kind);
  return {
    elapsedMs: timeline.elapsed(),
    phase: timeline.current,
    agents,
    promised,
    delivered,
    outstanding,
    faults,
  };
}

function describe({ elapsedMs, phase, agents, promised, delivered, faults }: Moment): string {
  const states = Object.entries(agents).map(([state, count]) => `${count} ${state}`);
  const trouble = faults.length === 0 ? '' : `; under way: ${faults.join(', ')}`;
  const time = formatDuration(Math.round(elapsedMs / 1000) * 1000);
  return `${time} ${phase}: ${states.join(', ')}; ${delivered} of ${promised} delivered${trouble}\n`;
}
