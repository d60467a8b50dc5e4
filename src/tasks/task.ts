import type { JsonObject } from '../lib/json.ts';
import type { FailureReport } from '../work-error.ts';

export type TaskState = 'queued' | 'running' | 'succeeded' | 'failed' | 'interrupted';

/** Work that outlasts the call that asked for it, as it stands now. Times are ISO 8601. */
export interface TaskRecord {
  readonly correlationId: string;
  /** The method that asked for it. */
  readonly command: string;
  readonly state: TaskState;
  readonly createdAt: string;
  readonly startedAt?: string;
  readonly endedAt?: string;
  /** Not kept over a restart. */
  readonly progress?: JsonObject;
  /** Once it has succeeded. */
  readonly result?: JsonObject;
  /** Once it has failed. */
  readonly error?: FailureReport;
}

/** The work itself: resolves with its result, rejects when it fails or the signal is aborted. */
export type TaskWork = (task: TaskContext) => Promise<JsonObject>;

export interface TaskContext {
  readonly signal: AbortSignal;
  /** Says how far it has come; costs nothing, and only the last word counts. */
  readonly progress: (now: JsonObject) => void;
}

/** Where methods hand in what takes long. */
export interface Tasks {
  /** Resolves when the task is on the disk, and so will be answered for whatever happens. Rejects with TASK-FULL. */
  start(command: string, work: TaskWork): Promise<TaskRecord>;
  /**
   * For what is mostly quick: resolves when the work has ended, which is then forgotten, or after `ms` milliseconds with a
   * task that goes on and is kept. Rejects with TASK-FULL.
   */
  attempt(command: string, work: TaskWork, ms: number): Promise<TaskRecord>;
  find(correlationId: string): TaskRecord | undefined;
  /** Newest first. */
  list(): readonly TaskRecord[];
}

export function hasEnded({ state }: Pick<TaskRecord, 'state'>): boolean {
  return state !== 'queued' && state !== 'running';
}
