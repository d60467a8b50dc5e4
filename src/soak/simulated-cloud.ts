import type { Clock } from '../lib/clock.ts';
import { untilStopped } from '../lib/deadline.ts';
import type { Log } from '../lib/log.ts';
import { inScope } from '../lib/scope.ts';
import type { Random } from '../lib/random.ts';
import { whole } from '../lib/seeded-random.ts';
import type { ConnectionRecord } from '../simulator/connection-log.ts';
import { ListenError } from '../simulator/listen-error.ts';
import type { DeviceMessage } from '../simulator/message.ts';
import { startSimulator } from '../simulator/simulator.ts';
import type { Simulator, SimulatorOptions } from '../simulator/simulator.ts';
import type { Cloud } from './cloud.ts';

export interface SimulatedCloudOptions {
  /** What outlives a restart. */
  readonly dataDirectory: string;
  readonly hubs: number;
  /** What DPS says to wait between two looks; 3 unless given, as the service does. */
  readonly retryAfterSeconds?: number | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** The built-in simulator, which can be gone for a while. Rejects when no ports can be had. */
export async function openSimulatedCloud(options: SimulatedCloudOptions): Promise<SimulatedCloud> {
  const { dataDirectory, hubs, retryAfterSeconds, clock, random, log } = options;
  const fixed = { dataDirectory, hubs, retryAfterSeconds, clock, log, maxMessages: 1000 };
  for (let attempt = 1; ; attempt += 1) {
    const port = firstPort + whole(random, portCount - hubs);
    const settings = { ...fixed, port, controlPort: port + hubs };
    try {
      return new SimulatedCloud(settings, await startSimulator(settings), clock);
    } catch (error) {
      if (!(error instanceof ListenError) || !error.taken || attempt === mostAttempts) throw error;
    }
  }
}

/**
 * Below those that Linux hands out: an agent that tries a hub which is gone could else be given that very port for its own
 * end, and so be connected to itself.
 */
const firstPort = 18_000;
const portCount = 12_000;
const mostAttempts = 30;

export class SimulatedCloud implements Cloud {
  readonly #settings: SimulatorOptions;
  readonly #clock: Clock;
  readonly #onMessage = new Set<(message: DeviceMessage) => void>();
  readonly #onConnection = new Set<(record: ConnectionRecord) => void>();
  #simulator: Simulator;
  /** Each simulator counts its connections from 1. */
  #lastId = 0;
  #restarting: Promise<void> = Promise.resolve();
  readonly #closing = new AbortController();

  /** @param settings those that `simulator` runs with; its ports are in them */
  constructor(settings: SimulatorOptions, simulator: Simulator, clock: Clock) {
    this.#settings = settings;
    this.#simulator = simulator;
    this.#clock = clock;
    this.#listen();
  }

  get simulator(): Simulator {
    return this.#simulator;
  }

  /** One after the other, if there are several. Rejects when it cannot be started again. */
  restart(downMs: number, signal: AbortSignal): Promise<void> {
    const restarted = this.#restarting.then(() => this.#restart(downMs, signal));
    // Whoever asked for it is told; the next one is not to fail with it.
    this.#restarting = restarted.catch(() => undefined);
    return restarted;
  }

  onMessage(listener: (message: DeviceMessage) => void): () => void {
    return registered(this.#onMessage, listener);
  }

  onConnection(listener: (record: ConnectionRecord) => void): () => void {
    return registered(this.#onConnection, listener);
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('the cloud is no longer needed'));
    await this.#restarting;
    await this.#simulator.close();
  }

  async #restart(downMs: number, signal: AbortSignal): Promise<void> {
    if (this.#closing.signal.aborted) return;
    await this.#simulator.close();
    // Back at once, when whoever asked for it stops or the cloud is closed: then it is closed like any other.
    await inScope(signal, async (down) => {
      const wake = (): void => {
        down.abort(this.#closing.signal.reason);
      };
      this.#closing.signal.addEventListener('abort', wake, { once: true });
      await untilStopped(this.#clock.sleep(downMs, down.signal), down.signal);
      this.#closing.signal.removeEventListener('abort', wake);
    });
    this.#simulator = await startSimulator(this.#settings);
    this.#listen();
  }

  #listen(): void {
    const before = this.#lastId;
    this.#simulator.messages.subscribe((message) => {
      for (const listener of this.#onMessage) listener(message);
    });
    this.#simulator.connections.subscribe((record) => {
      const id = before + record.id;
      this.#lastId = Math.max(this.#lastId, id);
      for (const listener of this.#onConnection) listener({ ...record, id });
    });
  }
}

function registered<T>(listeners: Set<T>, listener: T): () => void {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}
