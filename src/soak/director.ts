import type { Clock } from '../lib/clock.ts';
import { untilStopped } from '../lib/deadline.ts';
import type { Log } from '../lib/log.ts';
import { inScope } from '../lib/scope.ts';
import { seededRandom } from '../lib/seeded-random.ts';
import type { Evidence, RunFacts } from './evidence.ts';
import { figuresOf } from './figures.ts';
import { FaultEngine } from './faults/engine.ts';
import type { Battlefield, FaultKind } from './faults/fault-kind.ts';
import type { Programs } from './fleet/fleet-options.ts';
import { loadInput } from './fleet/member-config.ts';
import { judge } from './judge/judge.ts';
import type { Verdict } from './judge/verdict.ts';
import { Ledger } from './ledger/ledger.ts';
import { Feeder } from './load/feeder.ts';
import { MessageBudget } from './message-budget.ts';
import { Observers } from './observers.ts';
import type { Act } from './progress/moment.ts';
import type { Progress } from './progress/progress.ts';
import type { RunDirectory } from './run-directory.ts';
import type { LoadedScenario } from './scenario/library.ts';
import { scheduleOf } from './scenario/schedule.ts';
import type { Schedule } from './scenario/schedule.ts';
import { setStage } from './stage.ts';
import type { StageOptions } from './stage.ts';
import { Timeline } from './timeline.ts';
import { undoing } from './undoing.ts';

export interface RunPlan extends Pick<StageOptions, 'host' | 'agentsPerProcess' | 'namePrefix' | 'azure'> {
  readonly loaded: LoadedScenario;
  /** Of all phases together, in milliseconds; the start before them and the calm after them come on top. */
  readonly durationMs: number;
  /** Of telemetry, that may be posted; absent: any number. */
  readonly maxMessages: number | undefined;
  readonly kinds: readonly FaultKind[];
  readonly directory: RunDirectory;
  readonly programs: Programs;
  readonly facts: Pick<RunFacts, 'version' | 'nodeVersion' | 'machine'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly progress: Progress;
}

export interface Outcome {
  readonly evidence: Evidence;
  readonly verdict: Verdict;
}

/**
 * One run: everything is set up, everything goes wrong, everything is whole again, and what came of it is judged. When the
 * signal is aborted it ends in order, and what there is is judged. Rejects when the run itself failed.
 */
export async function direct(plan: RunPlan, signal: AbortSignal): Promise<Outcome> {
  const { clock, directory } = plan;
  const startedAt = clock.now().toISOString();
  const timeline = new Timeline(clock);
  await directory.writeScenario(plan.loaded.text);
  return await undoing(async (defer) => {
    const failing = new AbortController();
    const run = await inScope(signal, async (scope) => {
      const onFailure = (error: Error): void => {
        failing.abort(error);
        scope.abort(error);
      };
      const field = await setStage({ ...stageOptions(plan, timeline), defer, onFailure });
      return await new Performance({ plan, field, timeline, defer, onFailure }).play(scope.signal);
    });
    failing.signal.throwIfAborted();
    const evidence = { run: { ...factsOf(plan, timeline), startedAt }, ...run, phases: timeline.phases };
    const { limits } = plan.loaded.scenario;
    const verdict = judge(evidence, limits);
    // Before anything is taken down: what cannot be, such as a disk that is still in use, costs the run's end and not its result.
    await directory.writeOutcome(evidence, verdict, figuresOf(evidence, limits));
    return { evidence, verdict };
  });
}

interface PerformanceOptions extends Pick<StageOptions, 'defer' | 'onFailure'> {
  readonly plan: RunPlan;
  readonly field: Battlefield;
  readonly timeline: Timeline;
}

/** What is on stage, from the first start to the last stop. */
class Performance {
  readonly #plan: RunPlan;
  readonly #field: Battlefield;
  readonly #timeline: Timeline;
  readonly #names: readonly string[];
  readonly #ledger: Ledger;
  readonly #observers: Observers;
  readonly #feeder: Feeder;

  constructor({ plan, field, timeline, defer, onFailure }: PerformanceOptions) {
    const { elapsed } = timeline;
    this.#plan = plan;
    this.#field = field;
    this.#timeline = timeline;
    this.#names = field.fleet.members.map(({ name }) => name);
    this.#ledger = new Ledger(this.#names, elapsed);
    field.cloud.onMessage((message) => {
      this.#ledger.arrive(message);
    });
    this.#observers = new Observers({ ...field, elapsed, isRemote: plan.azure !== undefined, onFailure });
    defer(() => this.#observers.stop());
    this.#feeder = this.#makeFeeder();
    defer(() => this.#feeder.stop());
  }

  async play(signal: AbortSignal): Promise<Omit<Evidence, 'run' | 'phases'>> {
    const { fleet } = this.#field;
    const { progress } = this.#plan;
    let act: Act | undefined;
    progress.begin({ fleet, ledger: this.#ledger, timeline: this.#timeline, act: () => act });
    try {
      await this.#timeline.during('start', () => this.#start(signal));
      const schedule = this.#schedule();
      const engine = this.#engine(schedule);
      act = { schedule, engine };
      await this.#trouble(schedule, engine, signal);
      await this.#timeline.during('calm', () => this.#calm(signal));
      await this.#observers.stop();
      await fleet.stop();
      return this.#evidence(engine, schedule);
    } finally {
      progress.end();
    }
  }

  /** Phase by phase. Whatever is still wrong at the end of the last one is put right. */
  async #trouble({ phases }: Schedule, engine: FaultEngine, signal: AbortSignal): Promise<void> {
    await inScope(signal, async (scope) => {
      const faults = engine.run(scope.signal);
      for (const { name, load, startMs, endMs } of phases) {
        if (signal.aborted) break;
        this.#feeder.follow(load);
        this.#observers.follow(load);
        await this.#timeline.during(name, () => this.#pass(endMs - startMs, signal));
      }
      scope.abort(new Error('the phases are over'));
      await faults;
    });
  }

  /** Until everybody is connected for the first time. Those who are not by then are the judge's business. */
  async #start(signal: AbortSignal): Promise<void> {
    await this.#field.fleet.start();
    const longestMs = firstConnectMs + this.#names.length * connectMs;
    await this.#until(() => this.#isEverybodyConnected(), longestMs, signal);
  }

  /** Nothing is wrong any more. No longer than it takes to bring out what was promised. */
  async #calm(signal: AbortSignal): Promise<void> {
    this.#observers.follow({ twinEveryMs: 0 });
    await this.#feeder.stop();
    const { calmMs } = this.#plan.loaded.scenario;
    // Whoever interrupts does not want to wait, and what was promised is still to arrive.
    const never = new AbortController().signal;
    const longestMs = signal.aborted ? Math.min(calmMs, interruptedCalmMs) : calmMs;
    await this.#until(() => this.#isEverybodyConnected() && this.#isAllThere(), longestMs, never);
  }

  #isEverybodyConnected(): boolean {
    const { states } = this.#field.fleet;
    return this.#names.every((name) => states.get(name)?.state === 'connected');
  }

  /** Arrived, or told to be lost. At Azure nobody knows. */
  #isAllThere(): boolean {
    if (this.#plan.azure !== undefined || !this.#observers.isSettled) return false;
    const { outstanding } = this.#ledger.totals;
    if (outstanding === 0) return true;
    const told = Object.values(this.#ledger.entries()).reduce((sum, entry) => sum + entry.toldDropped, 0);
    return outstanding <= told;
  }

  #makeFeeder(): Feeder {
    const { loaded, clock, log, maxMessages } = this.#plan;
    const { seed } = loaded.scenario;
    const budget = maxMessages === undefined ? undefined : new MessageBudget(maxMessages, clock);
    return new Feeder({
      members: this.#field.fleet.members,
      ledger: this.#ledger,
      randomFor: (name) => seededRandom(seed + this.#names.indexOf(name) + 1),
      ...{ clock, log, input: loadInput },
      ...(budget === undefined ? {} : { postFor: (member) => budget.postFor(member) }),
    });
  }

  /** The phases begin when everybody is connected: moments are counted from here on. */
  #schedule(): Schedule {
    const { loaded, durationMs, kinds, azure } = this.#plan;
    const { scenario } = loaded;
    const schedule = scheduleOf(scenario, durationMs, this.#names, (name) => {
      const timing = kinds.find((kind) => kind.name === name)?.timing;
      return { shortestMs: timing?.shortestMs ?? defaultShortestMs, exclusive: timing?.exclusive ?? name };
    });
    const offsetMs = this.#timeline.elapsed();
    const occurrences = schedule.occurrences
      .filter(({ kind }) => azure === undefined || kinds.find(({ name }) => name === kind)?.isLocal === true)
      .map((each) => ({ ...each, atMs: each.atMs + offsetMs }));
    const phases = schedule.phases.map((phase) => ({
      ...phase,
      startMs: phase.startMs + offsetMs,
      endMs: phase.endMs + offsetMs,
    }));
    return { ...schedule, phases, occurrences };
  }

  #engine({ occurrences }: Schedule): FaultEngine {
    const { kinds } = this.#plan;
    return new FaultEngine({ occurrences, kinds, field: this.#field, elapsed: this.#timeline.elapsed });
  }

  #evidence(engine: FaultEngine, { skipped }: Schedule): Omit<Evidence, 'run' | 'phases'> {
    const { states, ends, findings, omitted } = this.#field.fleet.seen;
    const { seen } = this.#observers;
    const own = { ...this.#ledger.omitted, 'faults without room': skipped };
    return {
      ...{ ...seen, states, ends, findings },
      faults: engine.records,
      ledger: this.#ledger.entries(),
      refusals: this.#ledger.refusals,
      deliveries: this.#ledger.deliveries(),
      omitted: { ...omitted, ...seen.omitted, ...own },
    };
  }

  async #pass(ms: number, signal: AbortSignal): Promise<void> {
    await untilStopped(this.#plan.clock.sleep(ms, signal), signal);
  }

  /** A look now and then: what is waited for has many sources. */
  async #until(isSo: () => boolean, longestMs: number, signal: AbortSignal): Promise<void> {
    const endMs = this.#timeline.elapsed() + longestMs;
    while (!signal.aborted && !isSo() && this.#timeline.elapsed() < endMs) await this.#pass(lookMs, signal);
  }
}

const lookMs = 500;
const defaultShortestMs = 2000;
/** At the start; and for each agent on top. */
const firstConnectMs = 120_000;
const connectMs = 200;
const interruptedCalmMs = 20_000;

function stageOptions(plan: RunPlan, timeline: Timeline): Omit<StageOptions, 'defer' | 'onFailure'> {
  const { host, agentsPerProcess, namePrefix, azure, programs, clock, log } = plan;
  return {
    ...{ host, agentsPerProcess, namePrefix, azure, programs, clock, log },
    scenario: plan.loaded.scenario,
    directory: plan.directory.path,
    cloudDirectory: plan.directory.cloudPath,
    elapsed: timeline.elapsed,
  };
}

function factsOf(plan: RunPlan, timeline: Timeline): Omit<RunFacts, 'startedAt'> {
  const { name, description, seed, agents } = plan.loaded.scenario;
  const calm = timeline.phases.find((phase) => phase.name === 'calm');
  return {
    ...{ scenario: name, description, seed, agents, host: plan.host, ...plan.facts },
    target: plan.azure === undefined ? 'simulator' : 'azure',
    durationMs: timeline.elapsed(),
    calmMs: calm === undefined ? 0 : calm.endMs - calm.startMs,
  };
}
