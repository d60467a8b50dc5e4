import type { BatchConfig } from '../../config/inputs/batch.ts';
import { Bell } from '../../lib/bell.ts';
import { ChurnMap } from '../../lib/churn.ts';
import type { Clock } from '../../lib/clock.ts';
import { untilStopped } from '../../lib/deadline.ts';
import { inScope } from '../../lib/scope.ts';
import type { Service } from '../../lib/service.ts';
import { bytesOf, messageBytes } from '../message.ts';
import type { MessageContent, MessageDraft } from '../message.ts';
import { priorities } from '../priority.ts';
import type { Priority } from '../priority.ts';
import type { Processor } from '../processing/processor.ts';
import type { TelemetryQueue } from '../queue/telemetry-queue.ts';
import { JsonReading, ofComponent } from '../reading.ts';
import type { Reading } from '../reading.ts';
import { Batch, isArrayOf, Shrinkage, TimeWriter } from './batch.ts';
import { Fate } from './fate.ts';
import type { Refusal } from './fate.ts';

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

/** In place of what the input says; a reading that names its component knows better. */
export interface Overrides {
  readonly priority?: Priority | undefined;
  readonly component?: string | undefined;
}

/** A message handed in whole. */
export type WholeMessage = Pick<MessageContent, 'body' | 'contentType' | 'contentEncoding'> &
  Partial<Pick<MessageDraft, 'properties' | 'component' | 'priority' | 'ttlMs' | 'createdAtMs'>>;

/** Names and values of a message's properties become part of its MQTT topic, which has 65,535 bytes at most. */
const mostPropertyBytes = 16_384;

/** The end of the year 9999, in milliseconds since 1970. */
const lastTimeMs = 253_402_300_799_999;

interface OpenBatch {
  readonly batch: Batch;
  readonly priority: Priority;
  readonly fate: Fate;
  readonly dueMs: number;
}

/** When, on the wall clock, and under which rules readings are added: the same for all that come together. */
interface Moment {
  readonly nowMs: number;
  readonly config: BatchConfig;
}

/**
 * What becomes of an input's readings: processed, gathered into messages, admitted by the budget, offered to the queue.
 * What waits in an open batch is in memory only, for at most the batch's delay.
 */
export class Intake implements Service {
  readonly name: string;
  readonly input: IntakeInput;
  readonly #options: IntakeOptions;
  /** By priority and component. */
  readonly #open: Readonly<Record<Priority, ChurnMap<string | undefined, OpenBatch>>> = {
    high: new ChurnMap(),
    normal: new ChurnMap(),
    low: new ChurnMap(),
  };
  readonly #shrinkage = new Shrinkage();
  readonly #times = new TimeWriter();
  readonly #dueChanged = new Bell();
  /** When `run` looks again by itself, on the monotonic clock. */
  #looksAtMs = Infinity;
  readonly #refused: Record<Refusal, number> = { full: 0, oversize: 0, budget: 0 };

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.input = options.input;
    this.name = `intake of ${options.input.name}`;
  }

  /** Messages that were not taken in, since the start. */
  get refused(): Readonly<Record<Refusal, number>> {
    return this.#refused;
  }

  /**
   * Takes readings in; their fates, one for each message they are in, are known once that is closed. What a window makes
   * of them later has the input's priority.
   */
  take(readings: readonly Reading[], overrides: Overrides = {}): Fate[] {
    const { processor } = this.#options;
    const component = overrides.component ?? this.input.component;
    const priority = overrides.priority ?? this.input.priority;
    const moment = this.#moment();
    const fates = new Set<Fate>();
    let last: Fate | undefined;
    for (const reading of readings) {
      const own =
        component === undefined || reading.component !== undefined
          ? reading
          : ofComponent(reading, component);
      for (const processed of processor.push(own)) {
        const fate = this.#add(processed, priority, moment);
        if (fate !== last) fates.add(fate);
        last = fate;
      }
    }
    if (this.#dueMs() < this.#looksAtMs) this.#dueChanged.ring();
    return [...fates];
  }

  /** Takes a message in as it is. */
  takeMessage(message: WholeMessage): Fate {
    const { input, clock } = this.#options;
    const { body, contentType, contentEncoding, component, createdAtMs, properties } = message;
    const fate = new Fate();
    const content = {
      ...{ body, contentType, contentEncoding, input: input.name, component: component ?? input.component },
      createdAtMs: timeOf(createdAtMs) ?? clock.now().getTime(),
      properties: merged(input.properties, properties),
    };
    this.#offer(content, message.priority ?? input.priority, message.ttlMs ?? input.ttlMs, fate);
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
    this.#addAll(this.#options.processor.drain());
    for (const open of this.#allOpen()) this.#close(open);
  }

  /** Resolves when more may be taken in. */
  ready(signal: AbortSignal): Promise<void> {
    return this.#options.queue.ready(signal);
  }

  #addAll(readings: readonly Reading[]): void {
    const moment = this.#moment();
    for (const reading of readings) this.#add(reading, this.input.priority, moment);
  }

  #moment(): Moment {
    return { nowMs: this.#options.clock.now().getTime(), config: this.#options.batch() };
  }

  #add(reading: Reading, priority: Priority, { nowMs, config }: Moment): Fate {
    const { timeMs: givenMs, component } = reading;
    const cameAsJson = reading instanceof JsonReading;
    const json = cameAsJson ? reading.json : JSON.stringify(reading.values);
    const hasTime = cameAsJson ? reading.hasTime : reading.values['time'] !== undefined;
    const timeMs = timeOf(givenMs) ?? nowMs;
    const isInArray = isArrayOf(config);
    // One alone has its time in the message's properties.
    const text = isInArray && !hasTime ? this.#times.timed(json, timeMs) : json;
    // What is added is ASCII, and to ask the new text would have it copied.
    const bytes = Buffer.byteLength(json) + text.length - json.length;
    const before = this.#open[priority].get(component);
    const goesOn = before?.batch.isArray === isInArray && before.batch.fits(bytes);
    if (before !== undefined && !goesOn) this.#close(before);
    const open = goesOn ? before : this.#begin(priority, component, config);
    open.batch.add(text, bytes);
    open.fate.readings += 1;
    if (open.batch.isFull) this.#close(open, timeMs);
    else if (open !== before) this.#open[priority].set(component, open);
    return open.fate;
  }

  #begin(priority: Priority, component: string | undefined, config: BatchConfig): OpenBatch {
    const { input, clock } = this.#options;
    const envelope = { input: input.name, component, properties: input.properties };
    const batch = new Batch(envelope, config, this.#shrinkage);
    const dueMs = clock.monotonic() + config.maxDelayMs;
    return { batch, priority, fate: new Fate(), dueMs };
  }

  /** @param lastMs the time of the reading that has filled it */
  #close(open: OpenBatch, lastMs?: number): void {
    this.#open[open.priority].delete(open.batch.envelope.component);
    const { input, clock } = this.#options;
    // One reading is as old as it says; several are a message of now.
    const ownMs = open.batch.size === 1 ? lastMs : undefined;
    const content = open.batch.close(ownMs ?? clock.now().getTime());
    this.#offer(content, open.priority, input.ttlMs, open.fate);
  }

  #offer(content: MessageContent, priority: Priority, ttlMs: number | undefined, fate: Fate): void {
    const { budget, queue } = this.#options;
    const bytes = messageBytes(content);
    if (bytes - bytesOf(content.body) > mostPropertyBytes) this.#refuse(fate, 'oversize');
    else if (!budget.admits(priority, bytes)) this.#refuse(fate, 'budget');
    else {
      const offer = queue.offer(draftOf(content, priority, ttlMs));
      if (!offer.accepted) this.#refused[offer.reason] += 1;
      fate.offered(offer);
    }
  }

  #refuse(fate: Fate, reason: Refusal): void {
    this.#refused[reason] += 1;
    fate.refused(reason);
  }

  #closeDue(): void {
    const { processor, clock } = this.#options;
    const nowMs = clock.monotonic();
    if (processor.dueMs !== undefined && processor.dueMs <= nowMs) {
      this.#addAll(processor.due());
    }
    for (const open of this.#allOpen()) if (open.dueMs <= nowMs) this.#close(open);
  }

  /** When something has to be closed next, on the monotonic clock; Infinity: not before the next reading. */
  #dueMs(): number {
    let dueMs = this.#options.processor.dueMs ?? Infinity;
    for (const open of this.#allOpen()) dueMs = Math.min(dueMs, open.dueMs);
    return dueMs;
  }

  #allOpen(): OpenBatch[] {
    return priorities.flatMap((priority) => [...this.#open[priority].values()]);
  }

  async #untilDue(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const dueMs = this.#dueMs();
    this.#looksAtMs = dueMs;
    await inScope(signal, async ({ signal: wait }) => {
      const heard = this.#dueChanged.heard();
      const due = dueMs === Infinity ? heard : clock.sleep(Math.max(0, dueMs - clock.monotonic()), wait);
      await untilStopped(Promise.race([heard, due]), wait);
    });
  }
}

function merged(
  preset: Readonly<Record<string, string>>,
  own: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  return Object.keys(own).length === 0 ? preset : { ...preset, ...own };
}

/** A time that can be written down; a sensor may say anything. */
function timeOf(timeMs: number | undefined): number | undefined {
  return timeMs !== undefined && timeMs >= 0 && timeMs <= lastTimeMs ? Math.floor(timeMs) : undefined;
}

/** Member by member: spread, this alone would be a twentieth of the time that a message takes. */
function draftOf(
  { body, contentType, contentEncoding, createdAtMs, input, component, properties }: MessageContent,
  priority: Priority,
  ttlMs: number | undefined,
): MessageDraft {
  return {
    body,
    contentType,
    contentEncoding,
    createdAtMs,
    input,
    component,
    properties,
    priority,
    ttlMs,
  };
}
