import { join } from 'node:path';
import { crewLine, isCrewCount } from '../crew/crew-message.ts';
import type { CrewOrder } from '../crew/crew-message.ts';
import type { ProcessSample } from '../evidence.ts';
import { agentTimers } from './agent-timers.ts';
import type { Member } from './fleet.ts';
import type { FleetOptions } from './fleet-options.ts';
import type { Keeper } from './keeper.ts';
import { LogFile } from './log-file.ts';
import type { LogWatch } from './log-watch.ts';
import { goneState, startingState } from './observations.ts';
import type { Observations } from './observations.ts';
import { processFigures } from './proc.ts';
import type { ProcessExit } from './running-process.ts';
import { Unit } from './unit.ts';
import type { Order } from './unit.ts';
import { unitPlan } from './unit-plan.ts';

export interface SquadOptions {
  readonly fleet: FleetOptions;
  readonly unit: string;
  readonly members: readonly Member[];
  readonly observations: Observations;
  readonly watch: LogWatch;
  readonly keeper: Keeper;
}

const defaultRestartDelayMs = 5000;
const defaultMaxLogBytes = 1_000_000;
/** A process that is frozen does not answer, in milliseconds. */
const countMs = 2000;

/** A unit with the agents that live in it: what it says is theirs. */
export class Squad {
  readonly unit: Unit;
  readonly #options: SquadOptions;
  readonly #log: LogFile;
  readonly #isCrew: boolean;
  readonly #counts = new Map<number, (timers: number) => void>();
  #lastCount = 0;

  constructor(options: SquadOptions) {
    const { fleet, members, observations, keeper } = options;
    this.#options = options;
    this.#isCrew = fleet.host === 'in-process';
    this.#log = new LogFile({
      path: join(fleet.directory, 'logs', `${options.unit}.log`),
      maxBytes: (fleet.maxLogBytes ?? defaultMaxLogBytes) * members.length,
      onOmitted: (lines) => {
        observations.omitLogLines(lines);
      },
      log: fleet.log,
    });
    this.unit = new Unit({
      name: options.unit,
      plan: () => unitPlan(fleet, options.unit, members),
      listener: {
        onLine: (line) => {
          this.#take(line);
        },
        onErrors: (lines) => {
          this.#takeErrors(lines);
        },
        onMessage: (message) => {
          if (isCrewCount(message)) this.#counts.get(message.id)?.(message.timers);
        },
      },
      onStart: (life) => {
        this.#started(life);
      },
      onEnd: (exit, asked) => {
        this.#ended(exit, asked);
      },
      restartDelayMs: fleet.restartDelayMs ?? defaultRestartDelayMs,
      ...{ keeper, clock: fleet.clock, log: fleet.log },
    });
  }

  reload(name: string): void {
    if (this.#isCrew) this.#order({ kind: 'reload', name });
    else this.unit.signal('SIGHUP');
  }

  /** `undefined` when it does not run. */
  async sample(): Promise<Omit<ProcessSample, 'atMs'> | undefined> {
    const { pid, life, name } = this.unit;
    if (pid === undefined) return undefined;
    const [figures, timers] = await Promise.all([processFigures(pid), this.#timers()]);
    if (figures === undefined) return undefined;
    const agents = this.#options.members.length;
    return { unit: name, life, agents, ...figures, ...(timers === undefined ? {} : { timers }) };
  }

  async stop(): Promise<void> {
    await this.unit.stop();
    await this.#log.flushed();
  }

  #started(life: number): void {
    const { fleet, members, observations } = this.#options;
    for (const { name } of members) observations.enter(name, startingState);
    if (!this.#isCrew) return;
    // Later on all of them are back at once, as after a power cut.
    const share = members.length / fleet.scenario.agents;
    const spreadMs = life === 1 ? (fleet.startSpreadMs ?? 0) * share : 0;
    this.#order({
      kind: 'begin',
      members: members.map(({ name, configPath }) => ({ name, configPath })),
      spreadMs,
    });
  }

  #ended({ code, signal }: ProcessExit, asked: Order | undefined): void {
    const { unit, members, observations } = this.#options;
    const wanted = asked !== undefined;
    observations.ended({ unit, code, signal, wanted, ...(wanted && { asked }) });
    for (const { name } of members) observations.enter(name, goneState);
  }

  #order(order: CrewOrder): void {
    this.unit.send(order);
  }

  #take(text: string): void {
    const { watch, unit } = this.#options;
    const { name, line } = (this.#isCrew ? crewLine(text) : undefined) ?? { name: unit, line: text };
    const kept = watch.line(name, line);
    this.#log.push(this.#isCrew ? `${name} ${kept}` : kept);
  }

  #takeErrors(lines: readonly string[]): void {
    const { watch, unit } = this.#options;
    for (const line of watch.errors(unit, lines)) this.#log.push(line);
  }

  /** Of the whole process; `undefined` when it does not say within a while. */
  async #timers(): Promise<number | undefined> {
    const { fleet, members } = this.#options;
    const answered = new AbortController();
    const late = fleet.clock.sleep(countMs, answered.signal).then(
      () => undefined,
      () => undefined,
    );
    try {
      const [alone] = members;
      const told =
        this.#isCrew || alone === undefined
          ? this.#crewTimers(answered.signal)
          : agentTimers(alone.socketPath, answered.signal);
      return await Promise.race([told, late]);
    } finally {
      answered.abort();
    }
  }

  #crewTimers(signal: AbortSignal): Promise<number> {
    const id = ++this.#lastCount;
    signal.addEventListener('abort', () => this.#counts.delete(id), { once: true });
    return new Promise((resolve) => {
      this.#counts.set(id, resolve);
      this.#order({ kind: 'count', id });
    });
  }
}
