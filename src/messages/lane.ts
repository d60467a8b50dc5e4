import { fullJitterMs } from '../lib/backoff.ts';
import type { BackoffLimits } from '../lib/backoff.ts';
import type { Clock } from '../lib/clock.ts';
import { untilStopped } from '../lib/deadline.ts';
import { describeError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Random } from '../lib/random.ts';
import type { Service } from '../lib/service.ts';
import type { MessageCounts } from './counts.ts';
import type { Expiry } from './expiry.ts';
import { Hopeless, NotNow } from './handler.ts';
import type { Afterwards, Handler } from './handler.ts';
import type { Inbox, Waiting } from './inbox.ts';

export interface LaneOptions {
  readonly name: string;
  readonly inbox: Inbox;
  readonly handler: Handler;
  readonly attempts: number;
  readonly retry: BackoffLimits;
  readonly expiry: Expiry;
  readonly counts: MessageCounts;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** The messages of one rule, one after the other; what goes wrong here keeps no other rule waiting. */
export class Lane implements Service {
  readonly name: string;
  readonly #options: LaneOptions;
  readonly #log: Log;

  constructor(options: LaneOptions) {
    this.name = options.name;
    this.#options = options;
    this.#log = options.log.child({ rule: options.name });
  }

  async run(signal: AbortSignal): Promise<void> {
    const { inbox } = this.#options;
    while (!signal.aborted) {
      const [next] = inbox.waitingIn(this.name);
      if (next === undefined) await inbox.changed.until(() => inbox.waitingIn(this.name).length > 0, signal);
      else await this.#workOff(next, signal);
    }
  }

  async #workOff(message: Waiting, signal: AbortSignal): Promise<void> {
    const { inbox, expiry, counts, clock, random, retry } = this.#options;
    for (let failures = 1; !signal.aborted; failures += 1) {
      if (expiry.hasExpired(message)) {
        counts.expired += 1;
        this.#log.info(about(message), `message ${message.number} has expired before it could be handled`);
        await inbox.finish(message);
        return;
      }
      if (await this.#attempt(message, signal, failures === 1)) return;
      await untilStopped(clock.sleep(fullJitterMs(retry, failures, random), signal), signal);
    }
  }

  /** Whether there is nothing more to be done. */
  async #attempt(message: Waiting, signal: AbortSignal, isFirst: boolean): Promise<boolean> {
    const { inbox, handler, attempts } = this.#options;
    let attempt: number | undefined;
    let afterwards: Afterwards | undefined;
    try {
      attempt = await inbox.attempt(message, handler.isRisky);
      if (attempt > attempts)
        throw new Hopeless(`the agent did not live to see the end of ${attempts} attempts`);
      afterwards = await handler.handle(await inbox.read(message), signal);
    } catch (error) {
      if (signal.aborted) return true;
      if (error instanceof NotNow) inbox.forgetAttempt(message);
      const isOver = !(error instanceof NotNow) && (error instanceof Hopeless || (attempt ?? 0) >= attempts);
      if (isOver) await this.#giveUp(message, error);
      else this.#tellOfFailure(message, error, isFirst);
      return isOver;
    }
    await this.#handled(message, afterwards);
    return true;
  }

  async #handled(message: Waiting, afterwards: Afterwards | undefined): Promise<void> {
    const { inbox, counts } = this.#options;
    const { number } = message;
    counts.handled += 1;
    await inbox.finish(message);
    this.#log.info(about(message), `message ${number} handled by ${this.name}`);
    try {
      await afterwards?.();
    } catch (error) {
      const why = describeError(error);
      this.#log.warn({ ...about(message), error: why }, `cannot do what message ${number} asked for: ${why}`);
    }
  }

  async #giveUp(message: Waiting, error: unknown): Promise<void> {
    const { inbox, counts } = this.#options;
    counts.failed += 1;
    await inbox.setAside(message);
    this.#log.warn(
      { ...about(message), error: describeError(error) },
      `cannot handle message ${message.number} by ${this.name}, set aside: ${describeError(error)}`,
    );
  }

  /** Loud once for each message, quiet after that. */
  #tellOfFailure(message: Waiting, error: unknown, isFirst: boolean): void {
    const fields = { ...about(message), error: describeError(error) };
    const sentence = `cannot handle message ${message.number} by ${this.name} yet: ${describeError(error)}`;
    if (isFirst) this.#log.warn(fields, sentence);
    else this.#log.debug(fields, sentence);
  }
}

function about({ number, messageId }: Waiting): object {
  return { number, messageId };
}
