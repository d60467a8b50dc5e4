import * as v from 'valibot';
import { readFileIfPresent, setAside, writeFileAtomically } from '../lib/atomic-file.ts';
import { describeError } from '../lib/errors.ts';
import { parseJson } from '../lib/json.ts';
import type { Log } from '../lib/log.ts';
import type { TaskRecord } from './task.ts';

const jsonObject = v.record(v.string(), v.unknown());
const fileSchema = v.object({
  tasks: v.array(
    v.object({
      correlationId: v.string(),
      command: v.string(),
      state: v.picklist(['queued', 'running', 'succeeded', 'failed', 'interrupted']),
      createdAt: v.string(),
      startedAt: v.exactOptional(v.string()),
      endedAt: v.exactOptional(v.string()),
      result: v.exactOptional(jsonObject),
      error: v.exactOptional(
        v.object({ code: v.string(), message: v.string(), remedy: v.exactOptional(v.string()) }),
      ),
    }),
  ),
});

/** The tasks on the disk. What cannot be read is set aside, what cannot be written is said once: the work goes on. */
export class TaskFile {
  readonly #path: string;
  readonly #log: Log;
  #isFailing = false;
  #writing: Promise<void> = Promise.resolve();

  constructor(path: string, log: Log) {
    this.#path = path;
    this.#log = log;
  }

  /** Oldest first. */
  async read(): Promise<TaskRecord[]> {
    const text = await readFileIfPresent(this.#path);
    if (text === undefined) return [];
    const read = v.safeParse(fileSchema, parseJson(text));
    if (read.success) return read.output.tasks;
    const aside = await setAside(this.#path);
    this.#log.warn({ aside }, `cannot read ${this.#path}: what became of earlier tasks is lost`);
    return [];
  }

  /** One after the other. Resolves when it is on the disk, or cannot be brought there. */
  write(records: readonly TaskRecord[]): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write(records));
    return this.#writing;
  }

  async #write(records: readonly TaskRecord[]): Promise<void> {
    // Progress is for now; a card is not to be worn out with it.
    const tasks = records.map((record) => ({ ...record, progress: undefined }));
    try {
      await writeFileAtomically(this.#path, `${JSON.stringify({ tasks })}\n`);
      if (this.#isFailing) this.#log.info(`tasks are kept in ${this.#path} again`);
      this.#isFailing = false;
    } catch (error) {
      const reason = describeError(error);
      if (!this.#isFailing) this.#log.warn(`cannot keep tasks: a restart will forget them: ${reason}`);
      this.#isFailing = true;
    }
  }
}
