import type { Clock } from '../../lib/clock.ts';
import { untilStopped } from '../../lib/deadline.ts';
import { isJsonObject } from '../../lib/json.ts';
import type { Log } from '../../lib/log.ts';
import type { Random } from '../../lib/random.ts';
import type { Service } from '../../lib/service.ts';
import { ServiceError } from '../../simulator/service-error.ts';
import type { Twin } from '../../simulator/twin.ts';
import type { Cloud } from '../cloud.ts';
import type { TwinRecord } from '../evidence.ts';
import type { LoadPlan } from '../load/load-plan.ts';
import { BoundedList } from './bounded-list.ts';

export interface TwinSteeringOptions {
  readonly agents: readonly string[];
  readonly cloud: Pick<Cloud, 'simulator'>;
  /** Where an agent's session is; a device that was moved may still be known to its former hub. */
  readonly hubOf: (agent: string) => string | undefined;
  readonly random: Random;
  readonly clock: Clock;
  readonly log: Log;
  /** Since the run began. */
  readonly elapsedMs: () => number;
}

/** An acknowledgement is seen within so much, in milliseconds. */
const lookEveryMs = 1000;
const mostRecords = 50_000;
/**
 * How long a setting of the connection may take to prove itself (docs/twin.md, `settings.confirmSeconds`): as nobody makes
 * such a setting, it changes nothing but itself.
 */
const leastSeconds = 300;

interface Open {
  readonly agent: string;
  readonly hub: string;
  readonly version: number;
  /** What `confirmSeconds` was set to. */
  readonly value: number;
  readonly atMs: number;
}

/** Changes desired properties as the plan wants, and sees when they are acknowledged. */
export class TwinSteering implements Service {
  readonly name = 'twin steering';
  readonly #options: TwinSteeringOptions;
  /** When each agent's turn comes, in milliseconds of the run; empty while the plan wants nothing. */
  #due = new Map<string, number>();
  #everyMs = 0;
  #changes = 0;
  #open: Open[] = [];
  readonly #settled = new BoundedList<TwinRecord>(mostRecords);
  #vanished = 0;

  constructor(options: TwinSteeringOptions) {
    this.#options = options;
  }

  follow({ twinEveryMs }: Pick<LoadPlan, 'twinEveryMs'>): void {
    const { agents, elapsedMs, random } = this.#options;
    this.#everyMs = twinEveryMs;
    const names = twinEveryMs > 0 ? agents : [];
    this.#due = new Map(names.map((agent) => [agent, elapsedMs() + random() * twinEveryMs]));
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await untilStopped(this.#options.clock.sleep(lookEveryMs, signal), signal);
      this.look();
    }
  }

  /** At what is outstanding, and whose turn it is. */
  look(): void {
    this.#open = this.#open.filter((open) => !this.#settle(open));
    const nowMs = this.#options.elapsedMs();
    for (const [agent, dueMs] of this.#due) {
      if (dueMs > nowMs) continue;
      this.#due.set(agent, nowMs + this.#everyMs * (0.5 + this.#options.random()));
      this.#change(agent, nowMs);
    }
  }

  /** How many changes nobody has acknowledged yet. */
  get outstanding(): number {
    return this.#open.length;
  }

  get seen(): readonly TwinRecord[] {
    const open = this.#open.map(({ agent, version, atMs }) => ({ agent, version, atMs }));
    return [...this.#settled.list(), ...open].sort((one, other) => one.atMs - other.atMs);
  }

  /** Changes that went with their twin, when a device was moved or deleted, need no acknowledgement. */
  get omitted(): Readonly<Record<string, number>> {
    return { twins: this.#settled.omitted, 'twins that were reset': this.#vanished };
  }

  #change(agent: string, atMs: number): void {
    const hub = this.#options.hubOf(agent);
    // Never connected: there is no device yet whose twin could be changed.
    if (hub === undefined) return;
    this.#changes += 1;
    const value = leastSeconds + (this.#changes % 600);
    const desired = { settings: { confirmSeconds: value } };
    const twin = this.#ask(agent, () =>
      this.#options.cloud.simulator.registry.patchTwin(agent, { properties: { desired } }, hub),
    );
    if (twin !== undefined) this.#open.push({ agent, hub, version: twin.desired.version, value, atMs });
  }

  /** Whether nothing more is to be waited for. */
  #settle(open: Open): boolean {
    const { agent, hub, version, atMs } = open;
    const twin = this.#ask(agent, () => this.#options.cloud.simulator.registry.getTwin(agent, hub));
    const wasMoved = this.#options.hubOf(agent) !== hub;
    if (twin !== undefined && isAcknowledged(twin, open) && !wasReset(twin, version)) {
      this.#settled.push({ agent, version, atMs, acknowledgedMs: this.#options.elapsedMs() });
      return true;
    }
    if (twin !== undefined && !wasReset(twin, version) && !wasMoved) return false;
    this.#vanished += 1;
    return true;
  }

  #ask(agent: string, question: () => Twin): Twin | undefined {
    try {
      return question();
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      this.#options.log.debug({ agent, error }, 'no twin');
      return undefined;
    }
  }
}

/** A twin that was made anew begins its versions anew. */
function wasReset({ desired }: Twin, version: number): boolean {
  return desired.version < version;
}

/** By the answer to the property, `{value, ac, av, ad}`: with 200 it is in force, this very value or a later one. */
function isAcknowledged({ reported }: Twin, { version, value }: Pick<Open, 'version' | 'value'>): boolean {
  const settings = reported.properties['settings'];
  const answer = isJsonObject(settings) ? settings['confirmSeconds'] : undefined;
  if (!isJsonObject(answer) || answer['ac'] !== 200) return false;
  const acknowledged = Number(answer['av']);
  return acknowledged > version || (acknowledged === version && answer['value'] === value);
}
