import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A temporary folder, and what must be undone when the test is over, last first. */
export class Scratch {
  readonly #undo: (() => Promise<unknown>)[] = [];

  async folder(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'dps-agent-test-'));
    this.defer(() => rm(folder, { recursive: true, force: true }));
    return folder;
  }

  defer(undo: () => Promise<unknown>): void {
    this.#undo.push(undo);
  }

  /** Undoes everything, each whatever became of the others; then rejects with what failed. */
  async clean(): Promise<void> {
    const failures: unknown[] = [];
    for (let undo = this.#undo.pop(); undo !== undefined; undo = this.#undo.pop()) {
      await undo().catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw new AggregateError(failures, 'cannot clean up after the test');
  }
}
