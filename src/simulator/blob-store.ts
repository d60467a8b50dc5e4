import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '../lib/clock.ts';
import { checkBlobSas, signBlob } from './blob-sas.ts';
import type { BlobSasVerdict } from './blob-sas.ts';

export interface Blob {
  /** Without the container: at a file upload `{deviceId}/{name}`. */
  readonly name: string;
  readonly content: Buffer;
  readonly contentType: string;
  readonly etag: string;
  /** ISO 8601. */
  readonly lastModified: string;
}

/** A request that the store refuses, as Azure Storage names it. */
export class BlobError extends Error {
  override readonly name = 'BlobError';
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** The one container there is. */
export const container = 'uploads';

export interface BlobLimits {
  readonly maxBlobBytes: number;
  readonly maxTotalBytes: number;
}

const megabyte = 1024 * 1024;
const usualLimits: BlobLimits = { maxBlobBytes: 64 * megabyte, maxTotalBytes: 256 * megabyte };

/** Block blobs in memory. Bounded: the oldest go when all together are too large, and are counted. */
export class BlobStore {
  readonly limits: BlobLimits;
  readonly #clock: Clock;
  readonly #key = randomBytes(32);
  readonly #blobs = new Map<string, Blob>();
  /** Blocks by the name of their blob and their ID: those that no list has named yet, and those of the last list. */
  readonly #blocks = new Map<string, Map<string, Buffer>>();
  #dropped = 0;

  constructor(clock: Clock, limits = usualLimits) {
    this.#clock = clock;
    this.limits = limits;
  }

  /** How many blobs had to make room for others. */
  get dropped(): number {
    return this.#dropped;
  }

  list(): Blob[] {
    return [...this.#blobs.values()];
  }

  get(name: string): Blob | undefined {
    return this.#blobs.get(name);
  }

  /** The query of a URL that gives access to one blob for so many seconds. */
  grant(name: string, seconds: number, permissions = 'rw'): string {
    const expiresAt = new Date(this.#clock.now().getTime() + seconds * 1000);
    const expiry = expiresAt.toISOString().replace(/\.\d+Z$/, 'Z');
    return signBlob(this.#key, { path: `/${container}/${name}`, permissions, expiry });
  }

  check(name: string, query: URLSearchParams, wanted: readonly string[]): BlobSasVerdict {
    const nowMs = this.#clock.now().getTime();
    return checkBlobSas(this.#key, { path: `/${container}/${name}`, query, wanted, nowMs });
  }

  /** @param ifNoneMatch `*`: only if there is no such blob yet */
  put(name: string, content: Buffer, contentType: string, ifNoneMatch?: string): Blob {
    this.#mayReplace(name, ifNoneMatch);
    if (content.length > this.limits.maxBlobBytes) throw this.tooLarge();
    const lastModified = this.#clock.now().toISOString();
    const etag = `"0x${createHash('sha256').update(content).update(lastModified).digest('hex').slice(0, 15).toUpperCase()}"`;
    const blob = { name, content, contentType, etag, lastModified };
    this.#blobs.delete(name);
    this.#blobs.set(name, blob);
    this.#blocks.delete(name);
    this.#makeRoom();
    return blob;
  }

  /** All blocks of a blob have IDs of the same length (Put Block). */
  putBlock(name: string, blockId: string, content: Buffer): void {
    const blocks = this.#blocks.get(name) ?? new Map<string, Buffer>();
    const [other] = blocks.keys();
    const isBase64 = blockId !== '' && Buffer.from(blockId, 'base64').toString('base64') === blockId;
    if (!isBase64 || (other !== undefined && other.length !== blockId.length))
      throw new BlobError(
        400,
        'InvalidBlobOrBlock',
        'the block ID is not base64, or not as long as the others',
      );
    const others = [...blocks].filter(([id]) => id !== blockId);
    const bytes = others.reduce((sum, [, block]) => sum + block.length, content.length);
    if (bytes > this.limits.maxBlobBytes) throw this.tooLarge();
    blocks.set(blockId, content);
    this.#blocks.set(name, blocks);
  }

  putBlockList(name: string, blockIds: readonly string[], contentType: string, ifNoneMatch?: string): Blob {
    this.#mayReplace(name, ifNoneMatch);
    const blocks = this.#blocks.get(name);
    const contents = blockIds.map((blockId) => {
      const block = blocks?.get(blockId);
      if (block === undefined)
        throw new BlobError(400, 'InvalidBlockList', `there is no block ${blockId} of this blob`);
      return block;
    });
    const blob = this.put(name, Buffer.concat(contents), contentType);
    this.#blocks.set(
      name,
      new Map(blockIds.map((blockId, index) => [blockId, contents[index] ?? Buffer.alloc(0)])),
    );
    return blob;
  }

  tooLarge(): BlobError {
    const { maxBlobBytes } = this.limits;
    return new BlobError(413, 'RequestBodyTooLarge', `a blob may have at most ${maxBlobBytes} bytes`);
  }

  #mayReplace(name: string, ifNoneMatch: string | undefined): void {
    const blob = this.#blobs.get(name);
    if (blob === undefined || ifNoneMatch === undefined) return;
    if (ifNoneMatch === '*') throw new BlobError(409, 'BlobAlreadyExists', 'there is such a blob already');
    if (ifNoneMatch === blob.etag) throw new BlobError(412, 'ConditionNotMet', 'the blob has this etag');
  }

  #makeRoom(): void {
    let bytes = this.list().reduce((sum, { content }) => sum + content.length, 0);
    for (const { name, content } of this.list()) {
      if (bytes <= this.limits.maxTotalBytes || this.#blobs.size === 1) return;
      this.#blobs.delete(name);
      this.#dropped += 1;
      bytes -= content.length;
    }
  }
}
