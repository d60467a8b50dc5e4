import { Bell } from '../lib/bell.ts';
import type { CloudMessage } from '../messages/cloud-message.ts';

/** IoT Hub queues 50 at most (protocol.md 3.4), but sends again what is not acknowledged when its lock runs out. */
export const mailboxMessages = 64;

/**
 * Messages between the wire and who handles them. They may come before anybody listens, since the hub remembers the
 * subscription of an earlier session.
 */
export class Mailbox {
  #messages: CloudMessage[] = [];
  readonly #bell = new Bell();

  /** False: it is full, and the message is left with the hub. */
  push(message: CloudMessage): boolean {
    if (this.#messages.length >= mailboxMessages) return false;
    this.#messages.push(message);
    this.#bell.ring();
    return true;
  }

  /** Each message once, in the order in which they came, until the signal is aborted. */
  async *listen(signal: AbortSignal): AsyncGenerator<CloudMessage, void, undefined> {
    while (!signal.aborted) {
      const message = this.#messages.shift();
      if (message === undefined) await this.#bell.until(() => this.#messages.length > 0, signal);
      else yield message;
    }
  }
}
