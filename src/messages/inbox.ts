import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { removeFile, setAside, writeFileAtomically } from '../lib/atomic-file.ts';
import { Bell } from '../lib/bell.ts';
import { describeError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { MessageContent } from './cloud-message.ts';
import { InboxRecord } from './inbox-record.ts';
import { decodeMessage, encodeMessage, fingerprint } from './stored-message.ts';

/** What is kept in memory of a message that waits on the disk. */
export interface Waiting {
  /** Counts all messages of this device, over restarts. */
  readonly number: number;
  readonly lane: string;
  readonly messageId: string | undefined;
  readonly expiresAtMs: number | undefined;
  readonly fingerprint: string | undefined;
  readonly bytes: number;
}

export interface InboxLimits {
  /** As many as IoT Hub queues for a device (protocol.md 3.4). */
  readonly messagesPerLane: number;
  /** Of all, as they stand on the disk. */
  readonly bytes: number;
  /** Of those set aside, the newest. */
  readonly setAside: number;
}

export const inboxLimits: InboxLimits = { messagesPerLane: 50, bytes: 16 * 1024 * 1024, setAside: 50 };

/**
 * Messages taken over from the hub: one file each, on the disk before the hub is told, and until they are handled. Lanes
 * tell who handles them; which one a message of the last run belongs to is found out anew.
 */
export class Inbox {
  /** Rings when a message comes or goes. */
  readonly changed = new Bell();
  readonly #directory: string;
  readonly #limits: InboxLimits;
  readonly #log: Log;
  readonly #record: InboxRecord;
  /** By number, in their order. */
  readonly #waiting = new Map<number, Waiting>();
  readonly #aside: number[] = [];
  #bytes = 0;
  #damaged = 0;

  constructor(directory: string, log: Log, limits: InboxLimits = inboxLimits) {
    this.#directory = directory;
    this.#limits = limits;
    this.#log = log;
    this.#record = new InboxRecord(join(directory, 'record.json'), log);
  }

  /** Files that could not be read. */
  get damaged(): number {
    return this.#damaged;
  }

  /** @param laneOf `undefined`: nobody handles such messages any more, and it is let go */
  async load(laneOf: (message: MessageContent) => string | undefined): Promise<void> {
    await this.#record.load();
    for (const number of await this.#numbersIn('failed')) this.#aside.push(number);
    const numbers = await this.#numbersIn('');
    for (const number of numbers) await this.#loadOne(number, laneOf);
    this.#record.last = Math.max(this.#record.last, ...numbers, ...this.#aside);
  }

  /** The highest number that a message has had. */
  get last(): number {
    return this.#record.last;
  }

  /** Oldest first. */
  waitingIn(lane: string): Waiting[] {
    return [...this.#waiting.values()].filter((each) => each.lane === lane);
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Whether the message waits here, or was handled not too long ago. */
  knows(message: MessageContent): boolean {
    const known = fingerprint(message);
    if (known === undefined) return false;
    return (
      this.#record.isHandled(known) || [...this.#waiting.values()].some((each) => each.fingerprint === known)
    );
  }

  hasRoom(lane: string): boolean {
    return this.waitingIn(lane).length < this.#limits.messagesPerLane && this.#bytes < this.#limits.bytes;
  }

  /** Resolves when the message is on the disk, whatever happens then. */
  async put(message: MessageContent, lane: string): Promise<void> {
    const number = this.#record.last + 1;
    const file = encodeMessage(message);
    this.#record.last = number;
    await writeFileAtomically(this.#path(number), file);
    this.#add(number, message, lane, file.length);
    this.changed.ring();
  }

  /** Rejects if it cannot be read, as when it was removed by hand. */
  async read({ number }: Waiting): Promise<MessageContent> {
    return decodeMessage(await readFile(this.#path(number), 'utf8'));
  }

  /**
   * Counts one attempt and tells how many there were. With `isRisky` it is on the disk before the attempt is made: a
   * message that restarts the machine must not do so for ever.
   */
  async attempt({ number }: Waiting, isRisky: boolean): Promise<number> {
    this.#record.attempt(number);
    try {
      if (isRisky) await this.#record.save();
    } catch (cause) {
      this.#record.forgetAttempt(number);
      throw new Error('cannot note the attempt', { cause });
    }
    return this.#record.attemptsOf(number);
  }

  /** It was not the message's fault, and does not count. */
  forgetAttempt({ number }: Waiting): void {
    this.#record.forgetAttempt(number);
  }

  /** Handled, expired or refused: it is gone, and known when it comes again. What cannot be written is said in the log. */
  async finish(message: Waiting): Promise<void> {
    const { number } = message;
    if (this.#waiting.get(number) !== message) return;
    this.#waiting.delete(number);
    this.#bytes -= message.bytes;
    this.#record.finished(number, message.fingerprint);
    this.changed.ring();
    try {
      await this.#record.save();
      await removeFile(this.#path(number));
    } catch (error) {
      const why = describeError(error);
      this.#log.warn(
        { number },
        `cannot note that message ${number} is finished, so a restart takes it up again: ${why}`,
      );
    }
  }

  /** As `finish`, but it stays in `failed/` for a person to look at, together with the newest of its kind. */
  async setAside(message: Waiting): Promise<void> {
    const { number } = message;
    try {
      const file = await readFile(this.#path(number), 'utf8');
      await writeFileAtomically(this.#path(number, 'failed'), file);
      this.#aside.push(number);
      while (this.#aside.length > this.#limits.setAside)
        await removeFile(this.#path(this.#aside.shift() ?? number, 'failed'));
    } catch (error) {
      const why = describeError(error);
      this.#log.warn({ number }, `cannot keep message ${number}, which could not be handled: ${why}`);
    }
    await this.finish(message);
  }

  async #loadOne(number: number, laneOf: (message: MessageContent) => string | undefined): Promise<void> {
    const path = this.#path(number);
    try {
      const file = await readFile(path, 'utf8');
      const message = decodeMessage(file);
      const known = fingerprint(message);
      const lane = laneOf(message);
      if (lane === undefined || (known !== undefined && this.#record.isHandled(known))) {
        if (lane === undefined) this.#log.warn({ number }, `message ${number} has no rule any more: let go`);
        this.#record.finished(number, known);
        await removeFile(path);
      } else this.#add(number, message, lane, file.length);
    } catch (error) {
      this.#damaged += 1;
      const aside = await setAside(path);
      const why = describeError(error);
      this.#log.warn({ path: aside }, `cannot read a message of an earlier run, set aside: ${why}`);
    }
  }

  #add(number: number, message: MessageContent, lane: string, bytes: number): void {
    const { messageId, expiresAtMs } = message;
    const known = fingerprint(message);
    this.#waiting.set(number, { number, lane, messageId, expiresAtMs, fingerprint: known, bytes });
    this.#bytes += bytes;
  }

  async #numbersIn(folder: string): Promise<number[]> {
    const names = await readdir(join(this.#directory, folder)).catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
      throw error;
    });
    const numbers = names.flatMap((name) => (/^\d+\.json$/.test(name) ? [Number.parseInt(name, 10)] : []));
    return numbers.sort((one, other) => one - other);
  }

  #path(number: number, folder = ''): string {
    return join(this.#directory, folder, `${number}.json`);
  }
}
