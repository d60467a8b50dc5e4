import type { BatchConfig } from '../../config/inputs/batch.ts';
import { Bell } from '../../lib/bell.ts';
import type { Clock } from '../../lib/clock.ts';
import { untilStopped } from '../../lib/deadline.ts';
import { inScope } from '../../lib/scope.ts';
import type { Service } from '../../lib/service.ts';
import { bytesOf, messageBytes } from '../message.ts';
import type { MessageContent, MessageDraft } from '../message.ts';
import type { Priority } from '../priority.ts';
import type { Processor } from '../processing/processor.ts';
import type { TelemetryQueue } from '../queue/telemetry-queue.ts';
import type { Reading } from '../reading.ts';
import { Batch, readingText, Shrinkage } from './batch.ts';
import { Fate } from './fate.ts';

export interface IntakeOptions {
  readonly input: IntakeInput;
  readonly batch: () => BatchConfig;
  readonly processor: Pick<Processor, 'push' | 'dueMs' | 'due' | 'drain'>;
  readonly budget: { admits(priority: Priority, bytes: number): boolean };
  readonly queue: Pick<TelemetryQueue, 'offer' | 'ready'>;
  readonly clock: Clock;
}

export interface IntakeInput {
  readonly name: string;
  readonly component?: string | undefined;
  readonly priority: Priority;
  readonly ttlMs?: number | undefined;
  readonly properties: Readonly<Record<string, string>>;
}

export interface Overrides {
  readonly priority?: Priority | undefined;
  readonly component?: string | undefined;
}

/** A message handed in whole. */
export type WholeMessage = Pick<MessageContent, 'body' | 'contentType' | 'contentEncoding'> &
  Partial<Pick<MessageDraft, 'properties' | 'component' | 'priority' | 'ttlMs' | 'createdAtMs'>>;

/** Names and values of a message's properties become part of its MQTT topic, which has 65,535 bytes at most. */
const mostPropertyBytes = 16_384;

interface OpenBatch {
  readonly batch: Batch;
  readonly priority: Priority;
  readonly fate: Fate;
  readonly dueMs: number;
}

/**
 * What becomes of an input's readings: processed, gathered into messages, admitted by the budget, offered to the queue.
 * What waits in an open batch is in memory only, for at most the batch's delay.
 */
export class Intake implements Service {
  readonly name: string;
  readonly input: IntakeInput;
  readonly #options: IntakeOptions;
  readonly #open = new Map<string, OpenBatch>();
  readonly #shrinkage = new Shrinkage();
  readonly #dueChanged = new Bell();

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.input = options.input;
    this.name = `intake of ${options.input.name}`;
  }

  /** Takes readings in; their fates, one for each message they are in, are known once that is closed. */
  take(readings: readonly Reading[], overrides: Overrides = {}): Fate[] {
    const fates = new Set<Fate>();
    for (const reading of readings) {
      for (const processed of this.#options.processor.push(reading))
        fates.add(this.#add(processed, overrides));
    }
    if (this.#open.size > 0 || this.#options.processor.dueMs !== undefined) this.#dueChanged.ring();
    return [...fates];
  }

  /** Takes a message in as it is. */
  takeMessage(message: WholeMessage): Fate {
    const { input, clock } = this.#options;
    const { priority = input.priority, ...rest } = message;
    const fate = new Fate();
    const own = { component: input.component, properties: {}, createdAtMs: clock.now().getTime() };
    const content = { ...own, ...rest, input: input.name };
    this.#offer(
      { ...content, properties: { ...input.properties, ...content.properties } },
      priority,
      message.ttlMs ?? input.ttlMs,
      fate,
    );
    return fate;
  }

  /** Closes what is due until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#closeDue();
      await this.#untilDue(signal);
    }
  }

  /** Hands on whatever is still open: at the end, and when somebody wants it now. */
  flush(): void {
    for (const reading of this.#options.processor.drain()) this.#add(reading, {});
    for (const key of [...this.#open.keys()]) this.#close(key);
  }

  /** Resolves when more may be taken in. */
  ready(signal: AbortSignal): Promise<void> {
    return this.#options.queue.ready(signal);
  }

  #add(reading: Reading, overrides: Overrides): Fate {
    const { input, batch: config, clock } = this.#options;
    const component = overrides.component ?? reading.component ?? input.component;
    const priority = overrides.priority ?? input.priority;
    const settings = config();
    const text = readingText(reading, settings.maxReadings > 1, clock.now().getTime());
    const key = `${priority} ${component ?? ''}`;
    if (this.#open.get(key)?.batch.fits(text) === false) this.#close(key);
    const open = this.#open.get(key) ?? this.#begin(key, priority, component, settings);
    open.batch.add(text);
    if (open.batch.isFull) this.#close(key, reading.timeMs);
    return open.fate;
  }

  #begin(key: string, priority: Priority, component: string | undefined, config: BatchConfig): OpenBatch {
    const { input, clock } = this.#options;
    const envelope = { input: input.name, component, properties: input.properties };
    const batch = new Batch(envelope, config, this.#shrinkage);
    const dueMs = clock.monotonic() + config.maxDelayMs;
    const open = { batch, priority, fate: new Fate(), dueMs };
    this.#open.set(key, open);
    return open;
  }

  /** @param timeMs of the reading that is the whole message, if it knows its time */
  #close(key: string, timeMs?: number): void {
    const open = this.#open.get(key);
    if (open === undefined) return;
    this.#open.delete(key);
    const { input, clock } = this.#options;
    const nowMs = clock.now().getTime();
    const content = open.batch.close(open.batch.size === 1 ? (timeMs ?? nowMs) : nowMs);
    this.#offer(content, open.priority, input.ttlMs, open.fate);
  }

  #offer(content: MessageContent, priority: Priority, ttlMs: number | undefined, fate: Fate): void {
    const { budget, queue } = this.#options;
    const bytes = messageBytes(content);
    if (bytes - bytesOf(content.body) > mostPropertyBytes) fate.refused('oversize');
    else if (!budget.admits(priority, bytes)) fate.refused('budget');
    else fate.offered(queue.offer({ ...content, priority, ttlMs }));
  }

  #closeDue(): void {
    const { processor, clock } = this.#options;
    const nowMs = clock.monotonic();
    if (processor.dueMs !== undefined && processor.dueMs <= nowMs) {
      for (const reading of processor.due()) this.#add(reading, {});
    }
    for (const [key, { dueMs }] of this.#open) if (dueMs <= nowMs) this.#close(key);
  }

  async #untilDue(signal: AbortSignal): Promise<void> {
    const { processor, clock } = this.#options;
    const dues = [...this.#open.values()].map(({ dueMs }) => dueMs);
    const dueMs = Math.min(...dues, processor.dueMs ?? Infinity);
    await inScope(signal, async ({ signal: wait }) => {
      const heard = this.#dueChanged.heard();
      const due = dueMs === Infinity ? heard : clock.sleep(Math.max(0, dueMs - clock.monotonic()), wait);
      await untilStopped(Promise.race([heard, due]), wait);
    });
  }
}
