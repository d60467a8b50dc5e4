import { createHash } from 'node:crypto';
import type { Clock } from '../lib/clock.ts';
import { withDeadline } from '../lib/deadline.ts';
import { describeError } from '../lib/errors.ts';
import { gzipped } from './gzipped.ts';
import type { Scrubber } from './scrubber.ts';
import { tarEnd, tarFile } from './tar.ts';

/** A text, or its lines without their ends. */
export type PartContent = string | Iterable<string> | AsyncIterable<string>;

/** One file of a bundle. */
export interface BundlePart {
  readonly name: string;
  /** Made when its turn comes; what is thrown stands in the manifest in its place. */
  readonly content: (signal: AbortSignal) => PartContent | Promise<PartContent>;
  /** Which end is kept of what is too long; the beginning unless said. */
  readonly keep?: 'beginning' | 'end';
  /** How long it may take to make, in milliseconds. */
  readonly deadlineMs?: number;
}

export interface BundleOptions {
  readonly parts: readonly BundlePart[];
  readonly scrubber: Scrubber;
  readonly clock: Clock;
  /** Of all parts together, before they are compressed. */
  readonly maxBytes?: number;
  /** What all files are in; absent: nothing. */
  readonly folder?: string;
  /** What goes into the manifest besides, such as who made it. */
  readonly about?: object;
  /** Is given the manifest before its own turn in the archive. */
  readonly onManifest?: (manifest: BundleManifest) => void;
}

export interface BundleManifest {
  readonly format: 2;
  readonly createdAt: string;
  readonly maxBytes: number;
  readonly files: readonly ManifestEntry[];
  /** Over all files: how often something was taken out, by the rule it was found by. */
  readonly redacted: Redactions;
}

export type Redactions = Readonly<Record<string, number>>;

export interface ManifestEntry {
  readonly name: string;
  readonly bytes?: number;
  readonly sha256?: string;
  /** How much was left out to stay within the limits, as far as it was read. */
  readonly omittedBytes?: number;
  readonly redacted?: Redactions;
  /** Why it is not there. */
  readonly error?: string;
}

const megabyte = 1024 * 1024;
export const defaultBundleBytes = 10 * megabyte;
const defaultDeadlineMs = 15_000;

/**
 * A support bundle: a .tar.gz with the parts, freed of what is secret, and last the manifest that says what is in it, what
 * was cut, what was taken out and what could not be had. One part at a time is held in memory, and of its lines no more
 * than there is room for.
 */
export function makeBundle(options: BundleOptions): AsyncIterable<Buffer> {
  return gzipped(archive(options));
}

async function* archive(options: BundleOptions): AsyncGenerator<Buffer, void, undefined> {
  const { parts, scrubber, clock, maxBytes = defaultBundleBytes, folder, about, onManifest } = options;
  const now = clock.now();
  const inFolder = (name: string): string => (folder === undefined ? name : `${folder}/${name}`);
  const files: ManifestEntry[] = [];
  let left = maxBytes;
  for (const part of parts) {
    const redacted = new Tally();
    try {
      const made = await madeInTime(part, left, clock);
      // What is secret may be cut in two by the limit: it is taken out first.
      const whole = Buffer.from(scrubber.scrub(made.text, redacted.add));
      const content = cut(whole, left, part.keep ?? 'beginning');
      left -= content.length;
      files.push(entryOf(part.name, content, made.omittedBytes + whole.length - content.length, redacted));
      yield tarFile(inFolder(part.name), content, now);
    } catch (error) {
      const reason = scrubber.scrub(describeError(error), redacted.add);
      files.push({ name: part.name, error: reason, ...redacted.field });
    }
  }
  const redacted = totalOf(files);
  const manifest: BundleManifest = {
    format: 2,
    createdAt: now.toISOString(),
    ...about,
    maxBytes,
    files,
    redacted,
  };
  onManifest?.(manifest);
  yield tarFile(inFolder('manifest.json'), Buffer.from(`${JSON.stringify(manifest, undefined, 2)}\n`), now);
  yield tarEnd;
}

interface Made {
  readonly text: string;
  readonly omittedBytes: number;
}

function madeInTime(part: BundlePart, maxBytes: number, clock: Clock): Promise<Made> {
  const { name, deadlineMs = defaultDeadlineMs, keep = 'beginning' } = part;
  const late = new Error(`cannot have ${name} within ${deadlineMs / 1000} s`);
  return withDeadline(clock, deadlineMs, late, new AbortController().signal, async (signal) => {
    const content = await part.content(signal);
    return typeof content === 'string'
      ? { text: content, omittedBytes: 0 }
      : gathered(content, maxBytes, keep, signal);
  });
}

/** Whole lines from one end, never many more than there is room for. */
async function gathered(
  lines: Iterable<string> | AsyncIterable<string>,
  maxBytes: number,
  keep: 'beginning' | 'end',
  signal: AbortSignal,
): Promise<Made> {
  const held: string[] = [];
  let [first, bytes, omittedBytes] = [0, 0, 0];
  for await (const line of lines) {
    signal.throwIfAborted();
    const size = Buffer.byteLength(line) + 1;
    if (keep === 'beginning' && bytes + size > maxBytes) {
      omittedBytes += size;
      break;
    }
    held.push(line);
    bytes += size;
    for (; bytes > maxBytes && first < held.length; first += 1) {
      const gone = Buffer.byteLength(held[first] ?? '') + 1;
      held[first] = '';
      bytes -= gone;
      omittedBytes += gone;
    }
    // Moved rarely, so that a line costs the same however many there are.
    if (first > 1000 && first > held.length / 2) first -= held.splice(0, first).length;
  }
  return {
    text: held
      .slice(first)
      .map((line) => `${line}\n`)
      .join(''),
    omittedBytes,
  };
}

function cut(content: Buffer, maxBytes: number, keep: 'beginning' | 'end'): Buffer {
  if (content.length <= maxBytes) return content;
  if (keep === 'beginning') return content.subarray(0, maxBytes);
  const end = content.subarray(content.length - maxBytes);
  // Half a line is none.
  return end.subarray(end.indexOf('\n') + 1);
}

function entryOf(name: string, content: Buffer, omittedBytes: number, redacted: Tally): ManifestEntry {
  const sha256 = createHash('sha256').update(content).digest('hex');
  const omitted = omittedBytes > 0 ? { omittedBytes } : {};
  return { name, bytes: content.length, sha256, ...omitted, ...redacted.field };
}

function totalOf(files: readonly ManifestEntry[]): Redactions {
  const total = new Tally();
  for (const { redacted = {} } of files)
    for (const [rule, times] of Object.entries(redacted)) total.add(rule, times);
  return total.counts;
}

/** How often what was taken out, by rule. */
class Tally {
  readonly counts: Record<string, number> = {};

  readonly add = (rule: string, times: number): void => {
    this.counts[rule] = (this.counts[rule] ?? 0) + times;
  };

  get field(): { redacted?: Redactions } {
    return Object.keys(this.counts).length === 0 ? {} : { redacted: this.counts };
  }
}
