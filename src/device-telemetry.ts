import { join } from 'node:path';
import type { InputConfig } from './config/inputs/inputs.ts';
import type { Config } from './config/schema.ts';
import type { Service } from './lib/service.ts';
import type { TelemetryDesk } from './local-api/telemetry-desk.ts';
import { Budget } from './telemetry/budget/budget.ts';
import type { BudgetStatus } from './telemetry/budget/budget.ts';
import { SocketDesk } from './telemetry/desk.ts';
import { InputService } from './telemetry/input-service.ts';
import type { InputStatus, IntervalSettings } from './telemetry/input-service.ts';
import { makeInput } from './telemetry/inputs/make-input.ts';
import type { Refusal } from './telemetry/intake/fate.ts';
import { Intake } from './telemetry/intake/intake.ts';
import { LossReporter } from './telemetry/loss-reporter.ts';
import { messageBytes } from './telemetry/message.ts';
import type { TelemetryMessage } from './telemetry/message.ts';
import { Processor } from './telemetry/processing/processor.ts';
import { openDiskQueue } from './telemetry/queue/disk-queue.ts';
import type { PrioritySettings, QueueSettings } from './telemetry/queue/queue-settings.ts';
import { NodeQueueFiles } from './telemetry/queue/node-queue-files.ts';
import type { QueueStatus, TelemetryQueue } from './telemetry/queue/telemetry-queue.ts';
import { Sender } from './telemetry/sending/sender.ts';
import { Suspects } from './telemetry/sending/suspects.ts';
import type { World } from './world.ts';

export interface DeviceTelemetry {
  /** What keeps telemetry: runs until nobody hands in any more. */
  readonly base: readonly Service[];
  readonly inputs: readonly Service[];
  /** What runs in a session. */
  sessionServices(session: { send(message: TelemetryMessage): Promise<void> }): Service[];
  /** Where the local API hands in what is posted. */
  readonly desk: TelemetryDesk;
  readonly status: TelemetryStatus;
  /** Once all services have ended: what is still open goes to the queue, and the queue to the disk. */
  close(): Promise<void>;
}

export interface TelemetryStatus {
  readonly queue: QueueStatus;
  readonly inputs: readonly InputStatus[];
  readonly budget: BudgetStatus;
  /** Since the start: messages handed to the connection, resends included, and those the hub has acknowledged. */
  readonly sent: number;
  readonly acknowledged: number;
  /** Messages that were not taken in, by input and reason, since the start. */
  readonly refused: Readonly<Record<string, Readonly<Record<Refusal, number>>>>;
}

/** How long a post may wait for others to share its message, in milliseconds. */
const longestPostDelayMs = 1000;

/** Everything from the sensors to the session: inputs, their intakes, the budget, the queue and its sender. */
export async function openTelemetry(
  { telemetry }: Config,
  stateDirectory: string,
  world: World,
  intervals: IntervalSettings,
  trustsClock: () => boolean,
): Promise<DeviceTelemetry> {
  const { clock, random, log, wire } = world;
  const queue = await openDiskQueue({
    directory: join(stateDirectory, 'queue'),
    settings: () => queueSettings(telemetry.queue),
    files: new NodeQueueFiles(),
    clock,
    random,
    log,
    trustsClock,
  });
  const budget = new Budget({
    settings: () => telemetry.budget,
    wire,
    waiting: () => waitingIn(queue.status),
    path: join(stateDirectory, 'budget.json'),
    clock,
    log,
  });
  await budget.load();
  const waitsForDisk = (): boolean => telemetry.queue.durability === 'always';
  const intakes = telemetry.inputs.map((input) => intakeOf(input, telemetry, budget, queue, world));
  const inputs = telemetry.inputs.flatMap((config, index) => {
    const [input, intake] = [makeInput(config, world), intakes[index]];
    if (input === undefined || intake === undefined) return [];
    const { onError } = config;
    return [
      new InputService({ input, onError, intake, waitsForDisk, settings: intervals, clock, random, log }),
    ];
  });
  const sockets = telemetry.inputs.flatMap(({ type }, index) => (type === 'socket' ? [index] : []));
  const suspects = new Suspects();
  const lossReporter = new LossReporter(queue, clock);
  let [sent, acknowledged] = [0, 0];
  const watch = {
    sent: (message: TelemetryMessage) => {
      sent += 1;
      budget.sent(messageBytes(message));
    },
    acknowledged: () => {
      acknowledged += 1;
    },
  };
  return {
    base: [queue, budget, ...intakes],
    inputs,
    sessionServices: (session) => [
      new Sender({ session, queue, settings: () => telemetry, suspects, watch, clock }),
      lossReporter,
    ],
    desk: new SocketDesk(
      sockets.flatMap((index) => intakes[index] ?? []),
      waitsForDisk,
    ),
    get status() {
      return {
        queue: queue.status,
        inputs: inputs.map(({ status }) => status),
        budget: budget.status,
        sent,
        acknowledged,
        refused: Object.fromEntries(intakes.map(({ input, refused }) => [input.name, refused])),
      };
    },
    close: async () => {
      for (const intake of intakes) intake.flush();
      await queue.close();
      await budget.save();
    },
  };
}

function intakeOf(
  config: InputConfig,
  telemetry: Config['telemetry'],
  budget: Budget,
  queue: TelemetryQueue,
  { clock, log }: World,
): Intake {
  return new Intake({
    input: config,
    batch: () => {
      const batch = config.batch ?? telemetry.batch;
      // Whoever posts waits for the answer until the message is whole.
      if (config.type !== 'socket') return batch;
      return { ...batch, maxDelayMs: Math.min(batch.maxDelayMs, longestPostDelayMs) };
    },
    processor: new Processor(config.process ?? [], clock, log.child({ input: config.name })),
    budget,
    queue,
    clock,
  });
}

function waitingIn({ priorities }: QueueStatus): { messages: number; bytes: number } {
  const { high, normal, low } = priorities;
  return {
    messages: high.messages + normal.messages + low.messages,
    bytes: high.bytes + normal.bytes + low.bytes,
  };
}

function queueSettings({ priorities, ...general }: Config['telemetry']['queue']): QueueSettings {
  const { high, normal, low } = priorities;
  return { ...general, priorities: { high: stream(high), normal: stream(normal), low: stream(low) } };
}

function stream({ maxBytes, ttlMs }: { maxBytes: number; ttlMs?: number }): PrioritySettings {
  return { maxBytes, ttlMs };
}
