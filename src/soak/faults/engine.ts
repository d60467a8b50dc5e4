import { describeError } from '../../lib/errors.ts';
import { inScope } from '../../lib/scope.ts';
import { untilStopped } from '../../lib/deadline.ts';
import type { FaultRecord } from '../evidence.ts';
import type { Occurrence } from '../scenario/schedule.ts';
import type { Battlefield, FaultKind, Strike } from './fault-kind.ts';
import { processSort, unitsOf } from './process-kinds.ts';

export interface FaultEngineOptions {
  /** By their moments. */
  readonly occurrences: readonly Occurrence[];
  readonly kinds: readonly FaultKind[];
  readonly field: Battlefield;
  /** Milliseconds since the run began. */
  readonly elapsed: () => number;
}

/** A fault that is in force, or that is being put right. */
export type FaultUnderWay = Pick<FaultRecord, 'id' | 'kind' | 'description' | 'startMs' | 'agents'>;

/** Carries out what the schedule says. What fails is told in its record and in the log; the others go on. */
export class FaultEngine {
  readonly #options: FaultEngineOptions;
  readonly #records: FaultRecord[] = [];
  readonly #underWay = new Map<number, FaultUnderWay>();
  /** Of each sort that must not overlap, or of it for each process, when the last will have been put right. */
  readonly #last = new Map<string, Promise<void>>();

  constructor(options: FaultEngineOptions) {
    this.#options = options;
  }

  /** Those that are over, in the order in which they ended. */
  get records(): readonly FaultRecord[] {
    return this.#records;
  }

  get underWay(): readonly FaultUnderWay[] {
    return [...this.#underWay.values()];
  }

  /** Resolves when the last fault is over, or the signal is aborted; either way everything is as it was. */
  async run(signal: AbortSignal): Promise<void> {
    const strikes: Promise<void>[] = [];
    for (const occurrence of this.#options.occurrences) {
      await this.#until(occurrence.atMs, signal);
      if (signal.aborted) break;
      strikes.push(this.#inTurn(occurrence, signal));
    }
    await Promise.all(strikes);
  }

  async #until(atMs: number, signal: AbortSignal): Promise<void> {
    const { field, elapsed } = this.#options;
    const leftMs = Math.max(0, atMs - elapsed());
    await untilStopped(field.clock.sleep(leftMs, signal), signal);
  }

  /** One that takes longer to put right than it was to last holds up the next of its sort. */
  #inTurn(occurrence: Occurrence, signal: AbortSignal): Promise<void> {
    const kind = this.#options.kinds.find(({ name }) => name === occurrence.kind);
    if (kind === undefined) {
      this.#notMade(occurrence, 'there is no such kind');
      return Promise.resolve();
    }
    const sorts = this.#sortsOf(kind, occurrence);
    const before = Promise.all(sorts.map((sort) => this.#last.get(sort) ?? Promise.resolve()));
    const turn = before.then(() => this.#strike(kind, occurrence, signal));
    for (const sort of sorts) this.#last.set(sort, turn);
    return turn;
  }

  /** Two processes can be struck at once, one twice not. */
  #sortsOf({ name, timing }: FaultKind, { agents }: Occurrence): readonly string[] {
    const sort = timing?.exclusive ?? name;
    if (sort !== processSort) return [sort];
    const wanted = new Set(agents);
    const members = this.#options.field.fleet.members.filter((member) => wanted.has(member.name));
    return [...unitsOf(members)].map((unit) => `${sort} ${unit}`);
  }

  async #strike(kind: FaultKind, occurrence: Occurrence, signal: AbortSignal): Promise<void> {
    if (signal.aborted) {
      this.#notMade(occurrence, 'the faults were over before its turn came');
      return;
    }
    const startMs = this.#options.elapsed();
    let strike: Strike | undefined;
    try {
      const reason = this.#prepare(kind, occurrence, (made) => (strike = made));
      if (reason !== undefined || strike === undefined) {
        this.#notMade(occurrence, reason ?? 'it came to nothing');
        return;
      }
      this.#begin(occurrence, strike, startMs);
      await this.#carryOut(strike, occurrence.forMs, signal);
      this.#over(occurrence, strike, startMs);
    } catch (error) {
      this.#options.field.log.error({ fault: occurrence.kind, err: error }, 'a fault failed');
      this.#over(occurrence, strike, startMs, describeError(error));
    } finally {
      this.#underWay.delete(occurrence.id);
    }
  }

  /** Why it cannot be made; `undefined` when it has been handed over. */
  #prepare(kind: FaultKind, occurrence: Occurrence, hand: (strike: Strike) => void): string | undefined {
    const { field } = this.#options;
    const reason = kind.unavailable(field);
    if (reason !== undefined) return reason;
    const wanted = new Set(occurrence.agents);
    const members = field.fleet.members.filter(({ name }) => wanted.has(name));
    const strike = kind.make(occurrence.options, members, field);
    if (strike.struck.length === 0) return 'none of the agents it was meant for can be struck so';
    hand(strike);
    return undefined;
  }

  #begin({ id, kind }: Occurrence, { description, struck }: Strike, startMs: number): void {
    const agents = struck.map(({ name }) => name);
    this.#underWay.set(id, { id, kind, description, startMs, agents });
    this.#options.field.log.info({ fault: kind, agents: agents.length }, description);
  }

  /** Ends after its time, with the run, or by itself; whichever it is, it puts everything right before it resolves. */
  async #carryOut(strike: Strike, forMs: number, signal: AbortSignal): Promise<void> {
    await inScope(signal, async (scope) => {
      const running = strike.run(scope.signal);
      await Promise.race([
        running,
        untilStopped(this.#options.field.clock.sleep(forMs, scope.signal), scope.signal),
      ]);
      scope.abort(new Error('the fault is over'));
      await running;
    });
  }

  #over(occurrence: Occurrence, strike: Strike | undefined, startMs: number, failed?: string): void {
    const { id, kind, phase } = occurrence;
    this.#records.push({
      ...{ id, kind, phase, startMs },
      description: strike?.description ?? kind,
      endMs: this.#options.elapsed(),
      agents: strike?.struck.map(({ name }) => name) ?? [],
      ...(failed === undefined ? {} : { failed }),
    });
  }

  #notMade({ id, kind, phase }: Occurrence, unavailable: string): void {
    const atMs = this.#options.elapsed();
    this.#options.field.log.warn({ fault: kind, reason: unavailable }, 'a fault could not be made');
    this.#records.push({
      ...{ id, kind, phase, unavailable },
      ...{ description: kind, startMs: atMs, endMs: atMs, agents: [] },
    });
  }
}
