import type { Place } from '../telemetry/queue/telemetry-queue.ts';
import type { MessageContent } from '../telemetry/message.ts';
import type { Priority } from '../telemetry/priority.ts';
import type { Reading } from '../telemetry/reading.ts';

/** Where what is posted is taken in. */
export interface TelemetryDesk {
  /** The names of the inputs that can be posted to. */
  readonly inputs: readonly string[];
  /** Whether that input is switched on: what is posted to one that is not must be refused. */
  isOn(input: string): boolean;
  /** Settles when all are as safe as configured. */
  post(input: string, readings: readonly Reading[], overrides: PostOverrides): Promise<Posted>;
  /** The same for messages that are sent as they are. */
  postMessages(input: string, messages: readonly PostedMessage[]): Promise<Posted>;
}

/** What a post says for all its readings, in place of what the configuration says. */
export interface PostOverrides {
  readonly priority?: Priority;
  readonly component?: string;
}

/** What became of a post; `accepted` and `refused` make up all of it. */
export interface Posted {
  readonly accepted: number;
  /** The least safe place that one of those accepted is in; `undefined` when there is nothing to keep. */
  readonly stored: Place | undefined;
  readonly refused: number;
  /** Why those were refused: the queue is full, one is too large for the hub, the budget is spent. */
  readonly reason?: 'full' | 'oversize' | 'budget';
  /** Whether those accepted are as safe as `telemetry.queue.durability` promises. */
  readonly durable: boolean;
}

/** One message to the hub; what it does not say, the input's configuration does. */
export interface PostedMessage
  extends
    Pick<MessageContent, 'body' | 'contentType' | 'contentEncoding' | 'properties' | 'component'>,
    Partial<Pick<MessageContent, 'createdAtMs'>> {
  readonly priority?: Priority;
  readonly ttlMs?: number;
}
