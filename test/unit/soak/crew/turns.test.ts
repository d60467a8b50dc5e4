import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Turns } from '../../../../src/soak/crew/turns.ts';

describe('turns', () => {
  it('lets so many begin at once, and the others in order, as each of them ends', async () => {
    const turns = new Turns(2);
    const bench = new Workbench();
    const all = ['a', 'b', 'c', 'd'].map((name) => turns.take(() => bench.work(name)));
    assert.deepEqual(bench.begun, ['a', 'b']);
    bench.finish('b');
    assert.equal(await all[1], 'b');
    await bench.hasBegun('c');
    assert.deepEqual(bench.begun, ['a', 'b', 'c']);
    bench.finish('a');
    await bench.hasBegun('d');
    bench.finish('c');
    bench.finish('d');
    assert.deepEqual(await Promise.all(all), ['a', 'b', 'c', 'd']);
  });

  it('hands on the place of one that fails, and tells who asked for it', async () => {
    const turns = new Turns(1);
    const failed = turns.take(() => Promise.reject(new Error('cannot work')));
    const next = turns.take(() => Promise.resolve('done'));
    await assert.rejects(failed, /cannot work/);
    assert.equal(await next, 'done');
    assert.equal(await turns.take(() => Promise.resolve('again')), 'again');
  });
});

/** Work that ends when it is told to. */
class Workbench {
  readonly begun: string[] = [];
  readonly #endings = new Map<string, () => void>();
  readonly #beginnings = new Map<string, () => void>();

  work(name: string): Promise<string> {
    this.begun.push(name);
    this.#beginnings.get(name)?.();
    return new Promise((resolve) => {
      this.#endings.set(name, () => {
        resolve(name);
      });
    });
  }

  finish(name: string): void {
    this.#endings.get(name)?.();
  }

  hasBegun(name: string): Promise<void> {
    if (this.begun.includes(name)) return Promise.resolve();
    return new Promise((resolve) => {
      this.#beginnings.set(name, resolve);
    });
  }
}
