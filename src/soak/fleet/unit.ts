import type { Serializable } from 'node:child_process';
import { Bell } from '../../lib/bell.ts';
import type { Clock } from '../../lib/clock.ts';
import { untilStopped } from '../../lib/deadline.ts';
import { describeError } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import type { Keeper } from './keeper.ts';
import { startProcess } from './running-process.ts';
import type { ProcessExit, ProcessListener, ProcessPlan, RunningProcess } from './running-process.ts';

export interface UnitOptions {
  readonly name: string;
  /** @param life counts from 1 */
  readonly plan: (life: number) => ProcessPlan;
  readonly listener: ProcessListener;
  readonly onStart: (life: number) => void;
  /** @param asked by what it was told to end; `undefined` when nobody told it to */
  readonly onEnd: (exit: ProcessExit, asked: Order | undefined) => void;
  /** As RestartSec, in milliseconds. */
  readonly restartDelayMs: number;
  readonly keeper: Pick<Keeper, 'began' | 'ended'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** To end: in order, or at once. */
export type Order = 'SIGTERM' | 'SIGKILL';

/** As the unit's TimeoutStopSec, in milliseconds: then SIGKILL. */
const stopDeadlineMs = 10_000;
/** As the unit has it: a wish of the cloud's, and a configuration that no start puts right. */
const exitStatus = { restart: 75, config: 78 };

/** A process that is started again whenever it ends, by the rules of systemd/dps-agent.service. */
export class Unit {
  readonly #options: UnitOptions;
  readonly #changed = new Bell();
  readonly #stopping = new AbortController();
  #process: RunningProcess | undefined;
  #life = 0;
  /** How often it was put down and not revived yet; how often frozen and not thawed. */
  #holds = 0;
  #freezes = 0;
  #asked: Order | undefined;
  #isHurried = false;
  #isGivenUp = false;
  #failure: Error | undefined;
  #supervising: Promise<void> | undefined;

  constructor(options: UnitOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  get life(): number {
    return this.#life;
  }

  /** Resolves when it runs. Rejects when it cannot be started; it is tried again all the same, until it is stopped. */
  async start(): Promise<void> {
    this.#supervising ??= this.#supervise();
    await this.#changed.until(() => this.#life > 0 || this.#failure !== undefined, this.#stopping.signal);
    if (this.#life === 0 && this.#failure !== undefined) throw this.#failure;
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL');
    await this.#untilRuns();
  }

  async restart(): Promise<void> {
    this.#isHurried = true;
    await this.#end('SIGTERM');
    await this.#untilRuns();
  }

  async down(): Promise<void> {
    this.#holds += 1;
    await this.#end('SIGKILL');
  }

  async revive(): Promise<void> {
    this.#holds = Math.max(0, this.#holds - 1);
    this.#isGivenUp = false;
    this.#changed.ring();
    await this.#untilRuns();
  }

  freeze(): void {
    this.#freezes += 1;
    this.#process?.signal('SIGSTOP');
  }

  thaw(): void {
    this.#freezes = Math.max(0, this.#freezes - 1);
    if (this.#freezes === 0) this.#process?.signal('SIGCONT');
  }

  signal(signal: NodeJS.Signals): void {
    this.#process?.signal(signal);
  }

  send(message: Serializable): void {
    this.#process?.send(message);
  }

  /** Resolves when it is gone for good. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error(`${this.name} is stopped`));
    this.#changed.ring();
    this.#process?.signal('SIGCONT');
    await this.#end('SIGTERM');
    await this.#supervising;
  }

  async #supervise(): Promise<void> {
    const { keeper, onEnd } = this.#options;
    while (!this.#stopping.signal.aborted) {
      const process = await this.#begin();
      if (process === undefined) {
        await this.#pause();
        continue;
      }
      // Asked to stop, or put down, while it was being started.
      if (this.#isToBeGone()) void this.#end('SIGKILL');
      const exit = await process.ended;
      keeper.ended(process.pid);
      const asked = this.#asked;
      this.#process = undefined;
      this.#asked = undefined;
      onEnd(exit, asked);
      this.#isGivenUp = exit.code === exitStatus.config && asked === undefined;
      if (exit.code === exitStatus.restart) this.#isHurried = true;
      this.#changed.ring();
      await this.#untilDue();
    }
  }

  #isToBeGone(): boolean {
    return this.#stopping.signal.aborted || this.#holds > 0;
  }

  async #begin(): Promise<RunningProcess | undefined> {
    const { name, plan, listener, onStart, keeper, clock, log } = this.#options;
    const life = this.#life + 1;
    try {
      const process = await startProcess(plan(life), listener, clock);
      keeper.began(process.pid);
      this.#process = process;
      this.#life = life;
      onStart(life);
      return process;
    } catch (error) {
      this.#failure = new Error(`cannot start ${name}`, { cause: error });
      log.error({ error: describeError(error) }, `cannot start ${name}: ${describeError(error)}`);
      return undefined;
    } finally {
      this.#changed.ring();
    }
  }

  async #untilDue(): Promise<void> {
    const { signal } = this.#stopping;
    if (this.#holds === 0 && !this.#isGivenUp && !this.#isHurried) await this.#pause();
    await this.#changed.until(() => this.#holds === 0 && !this.#isGivenUp, signal);
    this.#isHurried = false;
  }

  async #pause(): Promise<void> {
    const { clock, restartDelayMs } = this.#options;
    await untilStopped(clock.sleep(restartDelayMs, this.#stopping.signal), this.#stopping.signal);
  }

  /** Of a process that does not end by itself within the deadline, SIGKILL makes an end. */
  async #end(signal: Order): Promise<void> {
    const process = this.#process;
    if (process === undefined) return;
    this.#asked = signal;
    process.signal(signal);
    const gone = new AbortController();
    const overdue = this.#options.clock.sleep(stopDeadlineMs, gone.signal).then(
      () => {
        process.signal('SIGKILL');
      },
      () => undefined,
    );
    await process.ended;
    gone.abort();
    await overdue;
  }

  /** Or nobody means it to. */
  async #untilRuns(): Promise<void> {
    const isSettled = (): boolean => this.#process !== undefined || this.#holds > 0 || this.#isGivenUp;
    await this.#changed.until(isSettled, this.#stopping.signal);
  }
}
