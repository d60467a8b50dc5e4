import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { Clock } from '../lib/clock.ts';
import type { TelemetryMessage } from '../telemetry/message.ts';
import type { Priority } from '../telemetry/priority.ts';
import type { SendingWatch } from '../telemetry/sending/sender.ts';
import { Backlog } from './backlog.ts';
import { bodyMember } from './message-event.ts';
import { parametersOf, priorityOf } from './query.ts';
import type { Route } from './router.ts';
import { Streams } from './streams.ts';
import type { Write } from './streams.ts';

/** What goes out to the hub, for whoever wants to read along. */
export interface TelemetryFeed {
  /** Tells until the function that is returned is called. */
  watch(reader: SendingWatch): () => void;
  /** What a message counts for at the hub, in bytes. */
  bytes(message: TelemetryMessage): number;
}

const mostReaders = 4;
/** What one reader may be behind by. */
const maxEvents = 1000;
const maxBytes = 2 * 1024 * 1024;
/** A body that unpacks to more than this is told as it is. */
const maxUnpackedBytes = 1024 * 1024;

/**
 * `GET /v1/telemetry/tail[?input=NAME&priority=high]`: one JSON object a line for each message that goes out (`sent`),
 * that the hub has (`acknowledged`, with `tookMs`) or that a broken session leaves to be sent again (`unacknowledged`).
 * A reader that is too slow misses messages, and is told how many (`omitted`). Nobody pays for it while nobody reads.
 */
export function telemetryTailRoute(feed: TelemetryFeed, clock: Pick<Clock, 'now'>, stop: AbortSignal): Route {
  const streams = new Streams('telemetry', mostReaders, stop);
  return {
    method: 'GET',
    path: '/v1/telemetry/tail',
    answer: ({ response, query }) => {
      const { input, priority } = parametersOf(query, ['input', 'priority']);
      const wanted = { input, priority: priority === undefined ? undefined : priorityOf(priority) };
      return streams.answer(response, headers, async (write, signal) => {
        const reader = new TailReader(wanted, feed, clock);
        const leave = feed.watch(reader);
        try {
          await reader.tell(write, signal);
        } finally {
          leave();
        }
      });
    },
  };
}

const headers = { 'Content-Type': 'application/x-ndjson; charset=utf-8' };

interface Wanted {
  readonly input: string | undefined;
  readonly priority: Priority | undefined;
}

interface TailEvent {
  readonly kind: 'sent' | 'acknowledged' | 'unacknowledged';
  readonly at: Date;
  readonly message: TelemetryMessage;
  readonly tookMs?: number;
}

/** Only refers to messages until they are written: nothing is unpacked or made JSON of while one is being sent. */
class TailReader implements SendingWatch {
  readonly #backlog = new Backlog<TailEvent>(maxEvents, maxBytes);
  readonly #wanted: Wanted;
  readonly #feed: Pick<TelemetryFeed, 'bytes'>;
  readonly #clock: Pick<Clock, 'now'>;

  constructor(wanted: Wanted, feed: Pick<TelemetryFeed, 'bytes'>, clock: Pick<Clock, 'now'>) {
    this.#wanted = wanted;
    this.#feed = feed;
    this.#clock = clock;
  }

  sent(message: TelemetryMessage): void {
    this.#take({ kind: 'sent', at: this.#clock.now(), message }, message.body.length);
  }

  acknowledged(message: TelemetryMessage, tookMs: number): void {
    this.#take({ kind: 'acknowledged', at: this.#clock.now(), message, tookMs }, 0);
  }

  unacknowledged(message: TelemetryMessage): void {
    this.#take({ kind: 'unacknowledged', at: this.#clock.now(), message }, 0);
  }

  async tell(write: Write, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const { items, omitted } = await this.#backlog.next(signal);
      for (const event of items) if (!(await write(await this.#lineOf(event)))) return;
      const left = `${JSON.stringify({ event: 'omitted', at: this.#clock.now(), events: omitted })}\n`;
      if (omitted > 0 && !(await write(left))) return;
    }
  }

  #take(event: TailEvent, bytes: number): void {
    const { input = event.message.input, priority = event.message.priority } = this.#wanted;
    if (event.message.input === input && event.message.priority === priority)
      this.#backlog.push(event, bytes);
  }

  async #lineOf({ kind, at, message, tookMs }: TailEvent): Promise<string> {
    const { messageId, sequence, input } = message;
    const about = { event: kind, at, messageId, sequence, input };
    if (kind !== 'sent')
      return `${JSON.stringify({ ...about, ...(tookMs === undefined ? {} : { tookMs: Math.round(tookMs) }) })}\n`;
    const { priority, contentType, contentEncoding, component, properties, createdAtMs } = message;
    const rest = {
      priority,
      bytes: this.#feed.bytes(message),
      contentType,
      contentEncoding,
      component,
      properties,
    };
    const text = JSON.stringify({ ...about, ...rest, createdAt: new Date(createdAtMs) });
    return `${text.slice(0, -1)},${bodyMember(await unpacked(message), contentType)}}\n`;
  }
}

const unpack = promisify(gunzip);

async function unpacked({ body, contentEncoding }: TelemetryMessage): Promise<Buffer> {
  const packed = typeof body === 'string' ? Buffer.from(body) : body;
  if (contentEncoding !== 'gzip') return packed;
  // Whoever posted it may have called it what it is not.
  return unpack(packed, { maxOutputLength: maxUnpackedBytes }).catch(() => packed);
}
