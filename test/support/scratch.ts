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

  async clean(): Promise<void> {
    for (let undo = this.#undo.pop(); undo !== undefined; undo = this.#undo.pop()) await undo();
  }
}
