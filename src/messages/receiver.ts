import { CloudError } from '../cloud-error.ts';
import { untilStopped } from '../lib/deadline.ts';
import { describeError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Service } from '../lib/service.ts';
import type { CloudMessage, MessageContent } from './cloud-message.ts';
import type { MessageCounts } from './counts.ts';
import type { Expiry } from './expiry.ts';
import type { Inbox } from './inbox.ts';

export interface MessageSession {
  cloudToDevice(signal: AbortSignal): Promise<AsyncIterable<CloudMessage>>;
}

export interface ReceiverOptions {
  readonly inbox: Inbox;
  /** Who handles the message; `undefined`: nobody. */
  readonly laneOf: (message: MessageContent) => string | undefined;
  /** Makes room, if it can be made, before a message is left with the hub. */
  readonly makeRoom: () => Promise<void>;
  readonly expiry: Expiry;
  readonly counts: MessageCounts;
  /** Kinds of messages that nobody handles, told already: outlives the session. */
  readonly told: Set<string>;
  readonly log: Log;
}

/** Takes messages over from the hub while a session lasts: each is on the disk before the hub is told. */
export class Receiver implements Service {
  readonly name = 'cloud-to-device messages';
  readonly #session: MessageSession;
  readonly #options: ReceiverOptions;

  constructor(session: MessageSession, options: ReceiverOptions) {
    this.#session = session;
    this.#options = options;
  }

  async run(signal: AbortSignal): Promise<void> {
    try {
      for await (const message of await this.#session.cloudToDevice(signal)) await this.#take(message);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof CloudError) || error.code !== 'HUB-MESSAGES') throw error;
      this.#options.log.warn(
        { code: error.code },
        `${describeError(error)}: this session goes on without cloud-to-device messages`,
      );
    }
    // The messages end with the session, and it is the session that says so.
    await untilStopped(new Promise<never>(() => undefined), signal);
  }

  async #take(message: CloudMessage): Promise<void> {
    const { inbox, laneOf, expiry, counts, log } = this.#options;
    const { content } = message;
    const { messageId } = content;
    counts.received += 1;
    if (expiry.hasExpired(content)) {
      counts.expired += 1;
      log.info({ messageId }, 'a cloud-to-device message had expired when it came');
      message.complete();
      return;
    }
    if (inbox.knows(content)) {
      counts.duplicates += 1;
      log.debug({ messageId }, 'a cloud-to-device message came again');
      message.complete();
      return;
    }
    const lane = laneOf(content);
    if (lane === undefined) {
      this.#tellUnmatched(content);
      message.complete();
    } else if (await this.#put(content, lane)) message.complete();
  }

  /** False: the hub keeps it, and sends it again. */
  async #put(content: MessageContent, lane: string): Promise<boolean> {
    const { inbox, makeRoom, counts, log } = this.#options;
    const { messageId } = content;
    if (!inbox.hasRoom(lane)) await makeRoom();
    try {
      if (!inbox.hasRoom(lane)) throw new Error('as many as may wait are waiting');
      await inbox.put(content, lane);
      return true;
    } catch (error) {
      counts.leftWithHub += 1;
      const why = describeError(error);
      this.#tellOnce(`left:${lane}:${why}`, () => {
        const sentence = `cannot take a message for ${lane}: ${why}; it is left with the hub, which sends it again`;
        log.warn({ rule: lane, messageId, error: why }, `${sentence}; this is said once`);
      });
      return false;
    }
  }

  #tellUnmatched({ messageId, properties, contentType }: MessageContent): void {
    const { counts, log } = this.#options;
    counts.unmatched += 1;
    const names = Object.keys(properties).sort();
    const kind = JSON.stringify([contentType, names]).slice(0, 200);
    this.#tellOnce(kind, () => {
      log.warn(
        { messageId, contentType, properties: kind },
        'no rule of on_message is for a cloud-to-device message: it is acknowledged and dropped; of its kind, this is said once',
      );
    });
  }

  #tellOnce(what: string, tell: () => void): void {
    const { told } = this.#options;
    if (told.has(what) || told.size >= mostTold) return;
    told.add(what);
    tell();
  }
}

/** Whoever thinks of new kinds all the time is not listened to for ever. */
const mostTold = 100;
