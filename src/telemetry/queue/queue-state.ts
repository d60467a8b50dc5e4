import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { isJsonObject, parseJson } from '../../lib/json.ts';
import { priorities } from '../priority.ts';
import type { Priority } from '../priority.ts';
import type { QueueFiles } from './queue-files.ts';
import type { Cursor } from './segment.ts';
import { queueIdLength } from './segment-format.ts';

/** What is kept in `state.json`: who the queue is, which numbers are used up, and how far each segment is consumed. */
export interface QueueState {
  readonly queueId: string;
  /** Every sequence number from this on is unused. */
  readonly nextSequence: number;
  readonly nextSegment: number;
  readonly cursors: Readonly<Record<Priority, readonly Cursor[]>>;
}

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** `undefined` when there is none, or none that can be understood. */
export async function loadState(files: QueueFiles, directory: string): Promise<QueueState | undefined> {
  const text = await files.readText(statePath(directory));
  return text === undefined ? undefined : stateFrom(parseJson(text));
}

/** Resolves with the bytes written. */
export async function saveState(files: QueueFiles, directory: string, state: QueueState): Promise<number> {
  const text = `${JSON.stringify(state)}\n`;
  await files.replace(statePath(directory), text);
  return text.length;
}

/** Two installations never share one. */
export function newQueueId(): string {
  return Array.from({ length: queueIdLength }, () => alphabet.charAt(randomInt(alphabet.length))).join('');
}

export function noCursors(): Record<Priority, Cursor[]> {
  return { high: [], normal: [], low: [] };
}

function statePath(directory: string): string {
  return join(directory, 'state.json');
}

function stateFrom(saved: unknown): QueueState | undefined {
  if (!isJsonObject(saved)) return undefined;
  const { queueId, nextSequence, nextSegment, cursors } = saved;
  if (typeof queueId !== 'string' || !/^[0-9A-Za-z]{8}$/.test(queueId)) return undefined;
  if (!isCount(nextSequence) || !isCount(nextSegment)) return undefined;
  return { queueId, nextSequence, nextSegment, cursors: cursorsFrom(cursors) };
}

function cursorsFrom(saved: unknown): Record<Priority, Cursor[]> {
  const cursors = noCursors();
  if (!isJsonObject(saved)) return cursors;
  for (const priority of priorities) {
    const list = saved[priority];
    if (Array.isArray(list)) cursors[priority] = list.filter(isCursor);
  }
  return cursors;
}

function isCursor(value: unknown): value is Cursor {
  if (!isJsonObject(value)) return false;
  const { number, pending, pendingBytes, readTo, kept, done } = value;
  return [number, pending, pendingBytes, readTo].every(isCount) && isCounts(kept) && isCounts(done);
}

function isCounts(value: unknown): boolean {
  return Array.isArray(value) && value.every(isCount);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
