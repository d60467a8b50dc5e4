import { Bell } from '../lib/bell.ts';
import type { Clock } from '../lib/clock.ts';
import { inScope } from '../lib/scope.ts';
import type { JsonObject } from '../lib/json.ts';
import type { Log } from '../lib/log.ts';
import type { Service } from '../lib/service.ts';
import type { ReportedProperties } from '../twin/properties.ts';
import { failureReport, WorkError } from '../work-error.ts';
import { TaskFile } from './task-file.ts';
import { tasksReport } from './task-report.ts';
import { hasEnded } from './task.ts';
import type { TaskRecord, Tasks, TaskState, TaskWork } from './task.ts';

export interface TaskRunnerOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly log: Log;
  /** An ID that no other task has had. */
  readonly newId: () => string;
}

const maxRunning = 2;
const maxQueued = 10;
/** Of those that have ended. */
const maxKept = 20;

interface Entry {
  record: TaskRecord;
  readonly work: TaskWork | undefined;
  /** On the disk and in the report; otherwise somebody waits for it who will be told. */
  isKept: boolean;
  readonly ended: Bell;
}

/** Carries tasks out, two at a time, and knows what became of the last ones, over restarts too. */
export class TaskRunner implements Service, Tasks {
  readonly name = 'tasks';
  /** Rings when a task that is kept has changed. */
  readonly changed = new Bell();
  readonly #options: TaskRunnerOptions;
  readonly #file: TaskFile;
  readonly #wake = new Bell();
  readonly #running = new Set<Promise<void>>();
  /** Oldest first. */
  #entries: Entry[] = [];

  constructor(options: TaskRunnerOptions) {
    this.#options = options;
    this.#file = new TaskFile(options.path, options.log);
  }

  /** To be awaited before it runs: what was under way when the agent ended has been interrupted. */
  async load(): Promise<void> {
    const records = await this.#file.read();
    this.#entries = records.map((record) => ({
      record: hasEnded(record) ? record : { ...record, ...this.#interruption(record) },
      work: undefined,
      isKept: true,
      ended: new Bell(),
    }));
    if (!records.every(hasEnded)) await this.#save();
  }

  async start(command: string, work: TaskWork): Promise<TaskRecord> {
    const entry = this.#add(command, work);
    await this.#keep(entry);
    return entry.record;
  }

  async attempt(command: string, work: TaskWork, ms: number): Promise<TaskRecord> {
    const entry = this.#add(command, work);
    await inScope(new AbortController().signal, ({ signal }) =>
      Promise.race([
        entry.ended.until(() => hasEnded(entry.record), signal),
        this.#options.clock.sleep(ms, signal).catch(() => undefined),
      ]),
    );
    if (hasEnded(entry.record)) this.#entries = this.#entries.filter((each) => each !== entry);
    else await this.#keep(entry);
    return entry.record;
  }

  find(correlationId: string): TaskRecord | undefined {
    return this.#entries.find(({ record }) => record.correlationId === correlationId)?.record;
  }

  list(): readonly TaskRecord[] {
    return this.#kept().reverse();
  }

  /** For the twin: of each command the last task, as a property of the command's name. */
  tasksReport(): ReportedProperties {
    return tasksReport(this.#kept());
  }

  /** Ends with every task interrupted that has not ended, which is then on the disk. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      for (let entry = this.#next(); entry !== undefined; entry = this.#next()) this.#begin(entry, signal);
      await this.#wake.until(() => this.#next() !== undefined, signal);
    }
    await Promise.all(this.#running);
    for (const entry of this.#entries)
      if (!hasEnded(entry.record)) this.#change(entry, this.#interruption(entry.record));
    await this.#save();
  }

  #add(command: string, work: TaskWork): Entry {
    const queued = this.#entries.filter(({ record }) => record.state === 'queued').length;
    if (queued >= maxQueued) throw new WorkError('TASK-FULL', `start ${command}`);
    const correlationId = this.#options.newId();
    const record: TaskRecord = { correlationId, command, state: 'queued', createdAt: this.#now() };
    const entry = { record, work, isKept: false, ended: new Bell() };
    this.#entries.push(entry);
    this.#wake.ring();
    return entry;
  }

  async #keep(entry: Entry): Promise<void> {
    entry.isKept = true;
    this.changed.ring();
    await this.#save();
  }

  /** What may begin now. */
  #next(): Entry | undefined {
    if (this.#running.size >= maxRunning) return undefined;
    return this.#entries.find(({ record }) => record.state === 'queued');
  }

  #begin(entry: Entry, signal: AbortSignal): void {
    this.#change(entry, { state: 'running', startedAt: this.#now() });
    const run = this.#carryOut(entry, signal).finally(() => {
      this.#running.delete(run);
      this.#wake.ring();
    });
    this.#running.add(run);
  }

  async #carryOut(entry: Entry, signal: AbortSignal): Promise<void> {
    const { log } = this.#options;
    const { correlationId, command } = entry.record;
    const progress = (now: JsonObject): void => {
      this.#change(entry, { progress: now });
    };
    if (entry.isKept) await this.#save();
    try {
      signal.throwIfAborted();
      const result = (await entry.work?.({ signal, progress })) ?? {};
      this.#change(entry, { ...this.#end('succeeded'), result });
      log.info({ command, correlationId }, `${command} is done`);
    } catch (error) {
      if (signal.aborted) {
        this.#change(entry, this.#interruption(entry.record));
        return;
      }
      const report = failureReport(error);
      this.#change(entry, { ...this.#end('failed'), error: report });
      log.warn({ command, correlationId, code: report.code }, `${command} has failed: ${report.message}`);
    }
    if (entry.isKept) await this.#save();
  }

  #change(entry: Entry, change: Partial<TaskRecord>): void {
    entry.record = { ...entry.record, ...change };
    if (hasEnded(entry.record)) entry.ended.ring();
    if (entry.isKept) this.changed.ring();
  }

  #end(state: TaskState): Partial<TaskRecord> {
    return { state, endedAt: this.#now() };
  }

  #interruption({ command }: TaskRecord): Partial<TaskRecord> {
    const error = failureReport(new WorkError('TASK-INTERRUPTED', `finish ${command}`));
    return { ...this.#end('interrupted'), error };
  }

  #kept(): TaskRecord[] {
    return this.#entries.filter(({ isKept }) => isKept).map(({ record }) => record);
  }

  async #save(): Promise<void> {
    const ended = this.#entries.filter(({ isKept, record }) => isKept && hasEnded(record));
    const gone = new Set(ended.slice(0, Math.max(0, ended.length - maxKept)));
    this.#entries = this.#entries.filter((entry) => !gone.has(entry));
    await this.#file.write(this.#kept());
  }

  #now(): string {
    return this.#options.clock.now().toISOString();
  }
}
