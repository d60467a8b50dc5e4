import { describeError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { MessageOutlet, OutgoingMessage } from '../local-api/message-outlet.ts';
import type { MessageCounts } from './counts.ts';
import type { Expiry } from './expiry.ts';
import type { Inbox, Waiting } from './inbox.ts';

/** The messages of the rules with `local_api`: fetched by other programs, and kept until these say that they are done. */
export class InboxOutlet implements MessageOutlet {
  readonly #lanes: readonly string[];
  readonly #inbox: Inbox;
  readonly #expiry: Expiry;
  readonly #counts: MessageCounts;
  readonly #log: Log;

  constructor(lanes: readonly string[], inbox: Inbox, expiry: Expiry, counts: MessageCounts, log: Log) {
    this.#lanes = lanes;
    this.#inbox = inbox;
    this.#expiry = expiry;
    this.#counts = counts;
    this.#log = log;
  }

  get isUsed(): boolean {
    return this.#lanes.length > 0;
  }

  async next(after: number, signal: AbortSignal): Promise<OutgoingMessage | undefined> {
    while (!signal.aborted) {
      const message = this.#waiting().find(({ number }) => number > after);
      if (message === undefined) {
        const isHere = (): boolean => this.#waiting().some(({ number }) => number > after);
        await this.#inbox.changed.until(isHere, signal);
      } else {
        const outgoing = await this.#open(message);
        if (outgoing !== undefined) return outgoing;
      }
    }
    return undefined;
  }

  async complete(number: number): Promise<boolean> {
    const message = this.#waiting().find((each) => each.number === number);
    if (message === undefined) return false;
    this.#counts.handled += 1;
    await this.#inbox.finish(message);
    const { messageId } = message;
    this.#log.info({ number, messageId }, `message ${number} handled through the local API`);
    return true;
  }

  async completeUpTo(number: number): Promise<void> {
    if (number > this.#inbox.last) return;
    for (const message of this.#waiting()) if (message.number <= number) await this.complete(message.number);
  }

  /** Those too old go: there is nobody else to see to it. */
  async dropExpired(): Promise<void> {
    for (const message of this.#waiting()) await this.#dropIfExpired(message);
  }

  #waiting(): Waiting[] {
    const all = this.#lanes.flatMap((lane) => this.#inbox.waitingIn(lane));
    return all.sort((one, other) => one.number - other.number);
  }

  async #open(message: Waiting): Promise<OutgoingMessage | undefined> {
    if (await this.#dropIfExpired(message)) return undefined;
    const { number, lane: rule } = message;
    try {
      return { number, rule, ...(await this.#inbox.read(message)) };
    } catch (error) {
      const why = describeError(error);
      this.#counts.failed += 1;
      this.#log.warn({ number, error: why }, `cannot read message ${number}, which is lost: ${why}`);
      await this.#inbox.finish(message);
      return undefined;
    }
  }

  async #dropIfExpired(message: Waiting): Promise<boolean> {
    if (!this.#expiry.hasExpired(message)) return false;
    const { number, messageId } = message;
    this.#counts.expired += 1;
    await this.#inbox.finish(message);
    this.#log.info({ number, messageId }, `message ${number} has expired before anybody fetched it`);
    return true;
  }
}
