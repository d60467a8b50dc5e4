import type { DeviceMessage } from '../../src/simulator/message.ts';
import { numberedReading } from '../../src/soak/load/numbered-reading.ts';

interface MessageOptions {
  readonly device?: string;
  /** The queue's own ID. */
  readonly queue?: string;
  readonly sequence: number;
  readonly properties?: Readonly<Record<string, string>>;
}

/** A message as the simulator hands it on, with a reading of this number; of the agent `one` unless it says otherwise. */
export function numberedMessage(n: number, options: Partial<MessageOptions> = {}): DeviceMessage {
  const device = options.device ?? 'one';
  return deviceMessage(JSON.parse(numberedReading(device, n, 100)), { sequence: n + 1000, ...options });
}

export function deviceMessage(body: unknown, options: MessageOptions): DeviceMessage {
  const { device = 'one', queue = 'QueueId', sequence, properties = {} } = options;
  return {
    sequence,
    hub: 'localhost:8883',
    device,
    systemProperties: { 'message-id': `${queue}-${sequence}`, 'content-type': 'application/json' },
    applicationProperties: { sequence: String(sequence), input: 'feed', ...properties },
    body: body as NonNullable<DeviceMessage['body']>,
    bytes: 100,
  };
}

/** The agent tells that it had to drop so many messages. */
export function lossMessage(lost: readonly number[], sequence: number): DeviceMessage {
  const body = { lost: lost.map((count) => ({ priority: 'low', reason: 'cap', count })) };
  return deviceMessage(body, { sequence, properties: { input: 'dps-agent', record: 'loss' } });
}
