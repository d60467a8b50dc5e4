import type { MessageDraft, TelemetryMessage } from '../../../../src/telemetry/message.ts';
import type { Priority } from '../../../../src/telemetry/priority.ts';
import { openDiskQueue } from '../../../../src/telemetry/queue/disk-queue.ts';
import type { QueueSettings } from '../../../../src/telemetry/queue/queue-settings.ts';
import type { DiskQueue } from '../../../../src/telemetry/queue/running-queue.ts';
import type { Offer, QueuedMessage } from '../../../../src/telemetry/queue/telemetry-queue.ts';
import { FakeClock, settle } from '../../../fakes/fake-clock.ts';
import { RecordingLog } from '../../../fakes/recording-log.ts';
import { seededRandom } from '../../../fakes/seeded-random.ts';
import { FakeQueueFiles } from './fake-queue-files.ts';

export const plenty: QueueSettings = {
  durability: 'flush',
  flushIntervalMs: 1000,
  maxBytes: 100e6,
  minFreeBytes: 0,
  memoryMaxBytes: 8e6,
  priorities: {
    high: { maxBytes: 100e6, ttlMs: undefined },
    normal: { maxBytes: 100e6, ttlMs: undefined },
    low: { maxBytes: 100e6, ttlMs: undefined },
  },
};

/** A queue on a disk that the test owns; opened and ended as often as the test wants. */
export class QueueWorld {
  readonly directory = '/queue';
  readonly files = new FakeQueueFiles();
  readonly clock = new FakeClock();
  readonly log = new RecordingLog();
  settings: QueueSettings = plenty;
  trustsClock = true;
  #stop = new AbortController();
  #running = Promise.resolve();
  #queue: DiskQueue | undefined;

  get queue(): DiskQueue {
    if (this.#queue === undefined) throw new Error('cannot use the queue before it is opened');
    return this.#queue;
  }

  async open(): Promise<DiskQueue> {
    this.#stop = new AbortController();
    this.#queue = await openDiskQueue({
      directory: this.directory,
      settings: () => this.settings,
      files: this.files.mount(),
      clock: this.clock,
      random: seededRandom(1),
      log: this.log,
      trustsClock: () => this.trustsClock,
    });
    this.#running = this.#queue.run(this.#stop.signal);
    return this.#queue;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await this.queue.close();
  }

  async reopen(): Promise<DiskQueue> {
    await this.close();
    return this.open();
  }

  kill(): void {
    this.files.kill();
    this.#stop.abort();
  }

  cutPower(seed = 1): void {
    this.files.cutPower(seededRandom(seed));
    this.#stop.abort();
  }

  /** Lets a flush interval pass, with whatever is written in it. */
  async flush(): Promise<void> {
    await this.clock.advance(this.settings.flushIntervalMs);
    await this.work();
  }

  /** Lets all that waits for the (fake) disk happen. */
  async work(): Promise<void> {
    for (let turn = 0; turn < 20; turn += 1) await settle();
  }

  offer(body: string, changes: Partial<MessageDraft> = {}): Extract<Offer, { accepted: true }> {
    const offer = this.queue.offer(draft(body, { createdAtMs: this.clock.now().getTime(), ...changes }));
    if (!offer.accepted) throw new Error(`cannot offer ${body}: ${offer.reason}`);
    return offer;
  }

  /** All there is of that priority, taken. */
  async takeAll(priority: Priority = 'normal'): Promise<QueuedMessage[]> {
    const taken: QueuedMessage[] = [];
    for (;;) {
      const one = await this.takeNow(priority);
      if (one === undefined) return taken;
      taken.push(one);
    }
  }

  /** The next of that priority, or nothing if none comes though the disk has been read. */
  async takeNow(priority: Priority = 'normal'): Promise<QueuedMessage | undefined> {
    const giveUp = new AbortController();
    const taking = this.queue.take(priority, giveUp.signal);
    await this.work();
    giveUp.abort();
    return taking;
  }

  get segments(): string[] {
    return this.files.paths.filter((path) => path.endsWith('.seg'));
  }
}

export function draft(body: string | Buffer, changes: Partial<MessageDraft> = {}): MessageDraft {
  return {
    body,
    contentType: 'application/json',
    contentEncoding: 'utf-8',
    createdAtMs: Date.UTC(2026, 0, 1),
    input: 'x',
    properties: {},
    priority: 'normal',
    ...changes,
  };
}

export function bodies(taken: readonly { message: TelemetryMessage }[]): string[] {
  return taken.map(({ message }) => message.body.toString());
}
