import { join } from 'node:path';
import type { InputConfig } from './config/inputs/inputs.ts';
import type { Config } from './config/schema.ts';
import type { Service } from './lib/service.ts';
import type { LiveConfig } from './live-config.ts';
import type { TelemetryDesk } from './local-api/telemetry-desk.ts';
import type { TelemetryFeed } from './local-api/telemetry-tail-route.ts';
import type { Pulse } from './supervision/pulse.ts';
import { Budget } from './telemetry/budget/budget.ts';
import type { BudgetStatus } from './telemetry/budget/budget.ts';
import { SocketDesk } from './telemetry/desk.ts';
import { InputService } from './telemetry/input-service.ts';
import type { InputStatus } from './telemetry/input-service.ts';
import { makeInput } from './telemetry/inputs/make-input.ts';
import type { Refusal } from './telemetry/intake/fate.ts';
import { Intake } from './telemetry/intake/intake.ts';
import { LossReporter } from './telemetry/loss-reporter.ts';
import { messageBytes } from './telemetry/message.ts';
import type { TelemetryMessage } from './telemetry/message.ts';
import type { FlushOutcome } from './methods/flush-telemetry.ts';
import type { ReadableInput } from './methods/read-input.ts';
import { Processor } from './telemetry/processing/processor.ts';
import { openDiskQueue } from './telemetry/queue/disk-queue.ts';
import type { PrioritySettings, QueueSettings } from './telemetry/queue/queue-settings.ts';
import { NodeQueueFiles } from './telemetry/queue/node-queue-files.ts';
import type { QueueStatus, TelemetryQueue } from './telemetry/queue/telemetry-queue.ts';
import { Deliveries } from './telemetry/sending/deliveries.ts';
import type { DeliveryFigures } from './telemetry/sending/deliveries.ts';
import { ReadAlong } from './telemetry/sending/read-along.ts';
import { Sender } from './telemetry/sending/sender.ts';
import { Suspects } from './telemetry/sending/suspects.ts';
import type { Reading } from './telemetry/reading.ts';
import type { World } from './world.ts';

export interface DeviceTelemetry {
  /** What keeps telemetry: runs until nobody hands in any more. */
  readonly base: readonly Service[];
  readonly inputs: readonly Service[];
  /** What runs in a session. */
  sessionServices(session: { send(message: TelemetryMessage): Promise<void> }): Service[];
  /** Where the local API hands in what is posted. */
  readonly desk: TelemetryDesk;
  /** For whoever reads along. */
  readonly feed: TelemetryFeed;
  readonly status: TelemetryStatus;
  /** The loops that must keep turning. */
  readonly pulses: readonly Pulse[];
  /** What can be read out of turn. */
  readonly readable: readonly ReadableInput[];
  /** Closes open batches, and waits until the hub has what is held by then, or until the signal is aborted. */
  flush(signal: AbortSignal): Promise<FlushOutcome>;
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
  readonly deliveries: DeliveryFigures;
  /** Messages that were not taken in, by input and reason, since the start. */
  readonly refused: Readonly<Record<string, Readonly<Record<Refusal, number>>>>;
}

/** How long a post may wait for others to share its message, in milliseconds. */
const longestPostDelayMs = 1000;

/** Everything from the sensors to the session: inputs, their intakes, the budget, the queue and its sender. */
export async function openTelemetry(
  live: LiveConfig,
  stateDirectory: string,
  world: World,
  trustsClock: () => boolean,
): Promise<DeviceTelemetry> {
  const { clock, random, log, wire } = world;
  const settings = (): Config['telemetry'] => live.current.telemetry;
  const configured = settings().inputs;
  const queue = await openDiskQueue({
    directory: join(stateDirectory, 'queue'),
    settings: remembered(() => settings().queue, queueSettings),
    files: new NodeQueueFiles(),
    clock,
    random,
    log,
    trustsClock,
  });
  const budget = new Budget({
    settings: () => settings().budget,
    wire,
    waiting: () => waitingIn(queue.status),
    path: join(stateDirectory, 'budget.json'),
    clock,
    log,
  });
  await budget.load();
  const waitsForDisk = (): boolean => settings().queue.durability === 'always';
  const intakes = configured.map((input) => intakeOf(input, live, budget, queue, world));
  const inputs = configured.flatMap((config, index) => {
    const current = (): InputConfig => inputNow(live, config);
    const [input, intake] = [makeInput(steered(config, current), world), intakes[index]];
    if (input === undefined || intake === undefined) return [];
    return [
      new InputService({
        input,
        onError: config.onError,
        intake,
        waitsForDisk,
        settings: () => ({ enabled: current().enabled, intervalMs: intervalOf(current()) }),
        changed: live.changed,
        clock,
        random,
        log,
      }),
    ];
  });
  const sockets = configured.flatMap(({ type }, index) => (type === 'socket' ? [index] : []));
  const suspects = new Suspects();
  const lossReporter = new LossReporter(queue, clock);
  const deliveries = new Deliveries((message) => {
    budget.sent(messageBytes(message));
  });
  const sending = new ReadAlong(deliveries);
  return {
    base: [queue, budget, ...intakes],
    inputs,
    sessionServices: (session) => [
      new Sender({ session, queue, settings, suspects, watch: sending, clock }),
      lossReporter,
    ],
    desk: new SocketDesk(
      sockets.flatMap((index) => intakes[index] ?? []),
      waitsForDisk,
      (name) => settings().inputs.some((input) => input.name === name && input.enabled),
    ),
    feed: { watch: (reader) => sending.watch(reader), bytes: messageBytes },
    get status() {
      return {
        queue: queue.status,
        inputs: inputs.map(({ status }) => status),
        budget: budget.status,
        ...deliveries.count,
        deliveries: deliveries.figures,
        refused: Object.fromEntries(intakes.map(({ input, refused }) => [input.name, refused])),
      };
    },
    get pulses() {
      return [queue, ...inputs].map(({ name, dueMs }) => ({ name, dueMs }));
    },
    readable: configured.map((config) => readable(config, live, world)),
    flush: async (signal) => {
      for (const intake of intakes) intake.flush();
      const held = queue.depth;
      const acknowledged = await deliveries.until(held, queue.lastSequence, signal);
      return { flushed: acknowledged >= held, acknowledged, waiting: held - acknowledged };
    },
    close: async () => {
      for (const intake of intakes) intake.flush();
      await queue.close();
      await budget.save();
    },
  };
}

function intakeOf(
  configured: InputConfig,
  live: LiveConfig,
  budget: Budget,
  queue: TelemetryQueue,
  { clock, log }: World,
): Intake {
  return new Intake({
    input: configured,
    batch: () => {
      const batch = inputNow(live, configured).batch ?? live.current.telemetry.batch;
      // Whoever posts waits for the answer until the message is whole.
      if (configured.type !== 'socket') return batch;
      return { ...batch, maxDelayMs: Math.min(batch.maxDelayMs, longestPostDelayMs) };
    },
    processor: new Processor(configured.process ?? [], clock, log.child({ input: configured.name })),
    budget,
    queue,
    clock,
  });
}

/** An input made for one reading: the one that runs may be waiting for its next. */
function readable(configured: InputConfig, live: LiveConfig, world: World): ReadableInput {
  const { name } = configured;
  const input = makeInput(
    steered(configured, () => inputNow(live, configured)),
    world,
  );
  if (input?.intervalMs === undefined) return { name };
  const read = async (signal: AbortSignal): Promise<readonly Reading[]> => {
    const readings: Reading[] = [];
    await input.read((handed) => {
      readings.push(...handed);
      return Promise.resolve();
    }, signal);
    return readings;
  };
  return { name, read };
}

/** As the operator has it by now; names and types stay what they were at the start. */
function inputNow(live: LiveConfig, configured: InputConfig): InputConfig {
  return live.current.telemetry.inputs.find(({ name }) => name === configured.name) ?? configured;
}

/** The configuration of an input, with what may be steered of it looked up anew. */
function steered(configured: InputConfig, current: () => InputConfig): InputConfig {
  if (configured.type !== 'system') return configured;
  return {
    ...configured,
    get figures() {
      const now = current();
      return now.type === 'system' ? now.figures : configured.figures;
    },
  };
}

function intervalOf(config: InputConfig): number | undefined {
  return 'intervalMs' in config ? config.intervalMs : undefined;
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

/** Of what is asked for with every message, made anew only when what it is made from has changed. */
function remembered<From extends object, To>(from: () => From, make: (from: From) => To): () => To {
  let last = from();
  let made = make(last);
  return () => {
    const now = from();
    if (now !== last) [last, made] = [now, make(now)];
    return made;
  };
}

function stream({ maxBytes, ttlMs }: { maxBytes: number; ttlMs?: number }): PrioritySettings {
  return { maxBytes, ttlMs };
}
