import { dirname, join } from 'node:path';
import type { QueueFile, QueueFiles } from '../../../../src/telemetry/queue/queue-files.ts';
import type { Random } from '../../../../src/lib/random.ts';

interface FakeFile {
  data: Buffer;
  /** What a power cut leaves of it. */
  synced: Buffer;
}

export type Operation =
  'write' | 'read' | 'sync' | 'create' | 'remove' | 'replace' | 'truncate' | 'list' | 'edit' | 'mkdir';

const pageBytes = 4096;

/**
 * A file system in memory that forgets at a power cut what was not synced, names in directories included, and that fails
 * as the test wants. After a kill or a power cut, whoever used it before gets no answer any more.
 */
export class FakeQueueFiles implements QueueFiles {
  #files = new Map<string, FakeFile>();
  #durableNames = new Map<string, FakeFile>();
  readonly #directories = new Set<string>();
  #life = 0;
  capacityBytes = 2 ** 40;
  /** The code of the error that the operation is to fail with. */
  failure: (operation: Operation, path: string) => string | undefined = () => undefined;
  readonly counts = { write: 0, sync: 0, replace: 0, bytes: 0 };

  /** As with SIGKILL: what was written stays. */
  kill(): void {
    this.#life += 1;
  }

  /** Of what was not synced, each page may or may not have reached the disk. */
  cutPower(random: Random): void {
    this.#life += 1;
    this.#files = new Map();
    for (const [path, file] of this.#durableNames) {
      const data = torn(file, random);
      this.#files.set(path, { data, synced: Buffer.from(data) });
    }
    this.#durableNames = new Map(this.#files);
  }

  /** The file system for one run: after a kill or a power cut it answers no more. */
  mount(): QueueFiles {
    return this.#guarded<QueueFiles>(this, this.#life);
  }

  #guarded<T extends object>(target: T, life: number): T {
    const whileAlive = async (): Promise<void> => {
      if (life !== this.#life) await new Promise(() => undefined);
    };
    const get = (_: T, name: string | symbol): unknown => {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function') return method;
      return async (...parameters: unknown[]) => {
        await whileAlive();
        const result: unknown = await method.apply(target, parameters);
        await whileAlive();
        return name === 'open' ? this.#guarded(result as object, life) : result;
      };
    };
    return new Proxy(target, { get });
  }

  get paths(): string[] {
    return [...this.#files.keys()].sort();
  }

  content(path: string): Buffer {
    return this.#file(path).data;
  }

  put(path: string, content: Buffer): void {
    const file = { data: Buffer.from(content), synced: Buffer.from(content) };
    this.#files.set(path, file);
    this.#durableNames.set(path, file);
    this.#makeDirectory(dirname(path));
  }

  async makeDirectory(path: string): Promise<void> {
    await this.#enter('mkdir', path);
    this.#makeDirectory(path);
  }

  /** As somebody who deletes a directory with all that is in it. */
  removeDirectory(directory: string): void {
    const isIn = (path: string): boolean => path === directory || path.startsWith(`${directory}/`);
    for (const path of this.paths) if (isIn(path)) this.#files.delete(path);
    for (const path of [...this.#directories]) if (isIn(path)) this.#directories.delete(path);
  }

  async list(directory: string): Promise<string[]> {
    await this.#enter('list', directory);
    return this.paths
      .filter((path) => dirname(path) === directory)
      .map((path) => path.slice(directory.length + 1));
  }

  async open(path: string, mode: 'create' | 'edit' | 'read'): Promise<QueueFile> {
    await this.#enter(mode, path);
    if (mode === 'create' && this.#files.has(path)) throw failure('EEXIST', path);
    if (mode !== 'read') this.#needDirectory(dirname(path));
    if (mode !== 'read' && !this.#files.has(path))
      this.#files.set(path, { data: Buffer.alloc(0), synced: Buffer.alloc(0) });
    const file = this.#file(path);
    return {
      write: async (data, position) => {
        await this.#enter('write', path);
        this.#write(path, file, data, position);
      },
      read: async (length, position) => {
        await this.#enter('read', path);
        return Buffer.from(file.data.subarray(position, position + length));
      },
      size: () => Promise.resolve(file.data.length),
      truncate: async (bytes) => {
        await this.#enter('truncate', path);
        file.data = Buffer.from(file.data.subarray(0, bytes));
      },
      sync: async () => {
        await this.#enter('sync', path);
        this.counts.sync += 1;
        file.synced = Buffer.from(file.data);
      },
      close: () => Promise.resolve(),
    };
  }

  async remove(path: string): Promise<void> {
    await this.#enter('remove', path);
    this.#files.delete(path);
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#enter('replace', to);
    this.#files.set(to, this.#file(from));
    this.#files.delete(from);
  }

  async syncDirectory(directory: string): Promise<void> {
    await this.#enter('sync', directory);
    this.#needDirectory(directory);
    const inIt = (path: string): boolean => dirname(path) === directory;
    for (const path of [...this.#durableNames.keys()]) if (inIt(path)) this.#durableNames.delete(path);
    for (const [path, file] of this.#files) if (inIt(path)) this.#durableNames.set(path, file);
  }

  async freeBytes(directory: string): Promise<number> {
    await this.#enter('list', directory);
    this.#needDirectory(directory);
    return this.#free;
  }

  async readText(path: string): Promise<string | undefined> {
    await this.#enter('read', path);
    return this.#files.get(path)?.data.toString();
  }

  async replace(path: string, text: string): Promise<void> {
    await this.#enter('replace', path);
    const content = Buffer.from(text);
    if (blocksOf(content.length) > this.#free) throw failure('ENOSPC', path);
    this.counts.replace += 1;
    this.put(path, content);
  }

  /** With those above it. */
  #makeDirectory(path: string): void {
    for (let made = path; dirname(made) !== made; made = dirname(made)) this.#directories.add(made);
  }

  #needDirectory(path: string): void {
    if (!this.#directories.has(path)) throw failure('ENOENT', path);
  }

  get usedBytes(): number {
    return [...this.#files.values()].reduce((sum, { data }) => sum + blocksOf(data.length), 0);
  }

  get #free(): number {
    return Math.max(0, this.capacityBytes - this.usedBytes);
  }

  /** As the kernel: what still fits is written before it fails. */
  #write(path: string, file: FakeFile, data: Uint8Array, position: number): void {
    const room = blocksOf(file.data.length) + this.#free - position;
    const fitting = data.subarray(0, Math.max(0, Math.min(data.length, room)));
    const end = Math.max(file.data.length, position + fitting.length);
    const next = Buffer.concat([file.data], end);
    next.set(fitting, position);
    file.data = next;
    this.counts.write += 1;
    this.counts.bytes += fitting.length;
    if (fitting.length < data.length) throw failure('ENOSPC', path);
  }

  #file(path: string): FakeFile {
    const file = this.#files.get(path);
    if (file === undefined) throw failure('ENOENT', path);
    return file;
  }

  /** Nothing happens at once. */
  async #enter(operation: Operation, path: string): Promise<void> {
    await Promise.resolve();
    const code = this.failure(operation, path);
    if (code !== undefined) throw failure(code, path);
  }
}

export function failure(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${join(path)}`), { code });
}

/** What a file takes of the disk. */
function blocksOf(bytes: number): number {
  return Math.ceil(bytes / pageBytes) * pageBytes;
}

function torn({ data, synced }: FakeFile, random: Random): Buffer {
  const length = random() < 0.5 ? synced.length : Math.max(synced.length, Math.floor(random() * data.length));
  const result = Buffer.alloc(length);
  for (let at = 0; at < length; at += pageBytes) {
    const source = random() < 0.5 ? synced : data;
    if (at < source.length) source.copy(result, at, at, Math.min(at + pageBytes, length));
  }
  return result;
}
