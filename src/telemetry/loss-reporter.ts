import type { Clock } from '../lib/clock.ts';
import { untilStopped } from '../lib/deadline.ts';
import type { Service } from '../lib/service.ts';
import type { Loss, TelemetryQueue } from './queue/telemetry-queue.ts';

/** Between two looks, in milliseconds: while messages are being dropped all the time, so often is it told. */
const everyMs = 60_000;

/** Longer than any queue is kept: once its record is safe, a loss is told nowhere else. In milliseconds. */
const recordTtlMs = 3650 * 86_400_000;

/** The input that the agent's own records come by. */
export const agentInput = 'dps-agent';

/**
 * Tells the cloud, in a message among the others, how many messages of which priority were dropped, why, and from when to
 * when. Runs while a session lasts: what was lost is told as soon as the way is free again. One for all sessions: the next
 * session waits for a record that is not safe yet, rather than have the same losses told twice.
 */
export class LossReporter implements Service {
  readonly name = 'loss reporter';
  readonly #queue: Pick<TelemetryQueue, 'losses' | 'lossesTold' | 'offer'>;
  readonly #clock: Clock;
  #telling: Promise<void> | undefined;

  constructor(queue: Pick<TelemetryQueue, 'losses' | 'lossesTold' | 'offer'>, clock: Clock) {
    this.#queue = queue;
    this.#clock = clock;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#telling ??= this.#tell().finally(() => {
        this.#telling = undefined;
      });
      await untilStopped(this.#telling, signal);
      await untilStopped(this.#clock.sleep(everyMs, signal), signal);
    }
  }

  /** The losses are the queue's to tell again until their record is safe. */
  async #tell(): Promise<void> {
    const { losses } = this.#queue;
    if (losses.length === 0) return;
    const offer = this.#queue.offer({
      body: JSON.stringify({ lost: losses.map(inWords) }),
      contentType: 'application/json',
      contentEncoding: 'utf-8',
      createdAtMs: this.#clock.now().getTime(),
      input: agentInput,
      properties: { record: 'loss' },
      priority: 'high',
      ttlMs: recordTtlMs,
    });
    if (!offer.accepted) return;
    await offer.safe;
    this.#queue.lossesTold(losses);
  }
}

function inWords({ priority, reason, count, fromMs, toMs }: Loss): object {
  return {
    priority,
    reason,
    count,
    from: new Date(fromMs).toISOString(),
    to: new Date(toMs).toISOString(),
  };
}
