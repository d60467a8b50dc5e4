import { createHash } from 'node:crypto';
import { describeError } from '../lib/errors.ts';
import { gzipped } from './gzipped.ts';
import type { Scrubber } from './scrubber.ts';
import { tarEnd, tarFile } from './tar.ts';

/** One file of a bundle. */
export interface BundlePart {
  readonly name: string;
  /** Made when its turn comes; what is thrown stands in the manifest in its place. */
  readonly content: () => string | Iterable<string> | Promise<string>;
  /** Which end is kept of what is too long; the beginning unless said. */
  readonly keep?: 'beginning' | 'end';
}

export interface BundleOptions {
  readonly parts: readonly BundlePart[];
  readonly scrubber: Scrubber;
  readonly now: Date;
  /** Of one part, and of all together, before they are compressed. */
  readonly maxPartBytes?: number;
  readonly maxBytes?: number;
}

interface ManifestEntry {
  readonly name: string;
  readonly bytes?: number;
  readonly sha256?: string;
  /** How much was left out to stay within the limits. */
  readonly omittedBytes?: number;
  readonly error?: string;
}

const megabyte = 1024 * 1024;

/**
 * A support bundle: a .tar.gz with the parts, freed of what is secret, and last the manifest that says what is in it, what
 * was cut and what could not be had. One part at a time is held in memory.
 */
export function makeBundle(options: BundleOptions): AsyncIterable<Buffer> {
  return gzipped(archive(options));
}

async function* archive({
  parts,
  scrubber,
  now,
  maxPartBytes = 8 * megabyte,
  maxBytes = 16 * megabyte,
}: BundleOptions): AsyncGenerator<Buffer, void, undefined> {
  const files: ManifestEntry[] = [];
  let left = maxBytes;
  for (const part of parts) {
    try {
      const whole = Buffer.from(scrubber.scrub(await textOf(part)));
      const content = cut(whole, Math.min(maxPartBytes, left), part.keep ?? 'beginning');
      left -= content.length;
      files.push(entryOf(part.name, content, whole.length - content.length));
      yield tarFile(part.name, content, now);
    } catch (error) {
      files.push({ name: part.name, error: scrubber.scrub(describeError(error)) });
    }
  }
  const manifest = { format: 1, createdAt: now.toISOString(), files };
  yield tarFile('manifest.json', Buffer.from(`${JSON.stringify(manifest, undefined, 2)}\n`), now);
  yield tarEnd;
}

async function textOf({ content }: BundlePart): Promise<string> {
  const made = await content();
  if (typeof made === 'string') return made;
  return Array.from(made, (line) => `${line}\n`).join('');
}

function cut(content: Buffer, maxBytes: number, keep: 'beginning' | 'end'): Buffer {
  if (content.length <= maxBytes) return content;
  if (keep === 'beginning') return content.subarray(0, maxBytes);
  const end = content.subarray(content.length - maxBytes);
  // Half a line is none.
  return end.subarray(end.indexOf('\n') + 1);
}

function entryOf(name: string, content: Buffer, omittedBytes: number): ManifestEntry {
  const sha256 = createHash('sha256').update(content).digest('hex');
  return { name, bytes: content.length, sha256, ...(omittedBytes > 0 ? { omittedBytes } : {}) };
}
