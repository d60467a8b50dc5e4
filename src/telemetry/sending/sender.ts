import { CloudError } from '../../cloud-error.ts';
import { Bell } from '../../lib/bell.ts';
import { ChurnSet } from '../../lib/churn.ts';
import type { Clock } from '../../lib/clock.ts';
import { untilStopped, withDeadline } from '../../lib/deadline.ts';
import { inScope } from '../../lib/scope.ts';
import type { Service } from '../../lib/service.ts';
import type { TelemetryMessage } from '../message.ts';
import { priorities } from '../priority.ts';
import type { Priority } from '../priority.ts';
import type { QueuedMessage, TelemetryQueue } from '../queue/telemetry-queue.ts';
import { DrainPace } from './drain-pace.ts';
import { PriorityGate } from './priority-gate.ts';
import type { Suspects } from './suspects.ts';

/** How long messages in flight may still be acknowledged after the sender was told to stop, in milliseconds. */
const drainMs = 2000;
/** How long a suspect waits for another message to prove the hub's health, in milliseconds. */
const proofMs = 5000;
/** The same for one that the next such proof convicts: to try it without would only end the session once more. */
const graveProofMs = 600_000;

export interface SenderOptions {
  readonly session: { send(message: TelemetryMessage): Promise<void> };
  readonly queue: Pick<TelemetryQueue, 'take' | 'acknowledge' | 'release' | 'setAside'>;
  readonly settings: () => SendingSettings;
  /** Outlives the session. */
  readonly suspects: Suspects;
  readonly watch: SendingWatch;
  readonly clock: Clock;
}

export interface SendingSettings {
  /** Messages in flight at most. */
  readonly window: number;
  readonly drainRatePerSecond: number;
}

/** Is told of every message that goes out, resends included, and of every acknowledgement. */
export interface SendingWatch {
  sent(message: TelemetryMessage): void;
  acknowledged(message: TelemetryMessage, tookMs: number): void;
  /** The session ended before the hub has: it is sent again. */
  unacknowledged?(message: TelemetryMessage): void;
}

/**
 * Sends what is queued while a session lasts, higher priorities first and never more than a window of messages in flight.
 * Told to stop, it takes nothing new and waits a moment for what is in flight; what stays unacknowledged goes back to the
 * queue and is sent again.
 */
export class Sender implements Service {
  readonly name = 'sender';
  readonly #options: SenderOptions;
  readonly #pace: DrainPace;
  readonly #places: PriorityGate;
  readonly #inFlight = new ChurnSet<QueuedMessage>();
  readonly #heldBack: QueuedMessage[] = [];
  /** The hub has acknowledged a message in this session. */
  #isHealthy = false;
  #suspectAlone = false;
  readonly #changed = new Bell();

  constructor(options: SenderOptions) {
    this.#options = options;
    const { settings, clock } = options;
    this.#pace = new DrainPace(() => settings().drainRatePerSecond, clock);
    this.#places = new PriorityGate(() => (this.#suspectAlone ? 0 : settings().window));
  }

  /** Rejects with the session's CloudError when the session is over. */
  async run(signal: AbortSignal): Promise<void> {
    const failures: unknown[] = [];
    await inScope(signal, async (sending) => {
      const onFailure = (error: unknown): void => {
        if (failures.push(error) === 1) this.#blame(error);
        sending.abort(error);
      };
      const loops = priorities.map((priority) => this.#sendAll(priority, sending.signal, onFailure));
      await Promise.all([...loops, this.#sendSuspects(sending.signal, onFailure)]);
    });
    await this.#drain();
    this.#giveBack();
    if (failures.length > 0) throw failures[0];
  }

  async #sendAll(priority: Priority, stop: AbortSignal, onFailure: (error: unknown) => void): Promise<void> {
    const { queue, suspects } = this.#options;
    for (
      let entry = await queue.take(priority, stop);
      entry !== undefined;
      entry = await queue.take(priority, stop)
    ) {
      if (suspects.has(entry.message.messageId)) {
        this.#heldBack.push(entry);
        this.#changed.ring();
        continue;
      }
      const isDrained = this.#pace.concerns(entry);
      if ((isDrained && !(await this.#pace.turn(entry, stop))) || !(await this.#hasPlace(priority, stop))) {
        queue.release(entry);
        return;
      }
      void this.#send(entry, onFailure).then(() => {
        this.#places.leave();
        this.#changed.ring();
      });
    }
  }

  async #hasPlace(priority: Priority, stop: AbortSignal): Promise<boolean> {
    const entered = this.#places.tryEnter() || (await this.#places.enter(priority, stop));
    if (entered && stop.aborted) this.#places.leave();
    return entered && !stop.aborted;
  }

  /** What was given back meanwhile is the queue's, and perhaps already another sender's: it is left alone. */
  async #send(entry: QueuedMessage, onFailure: (error: unknown) => void): Promise<void> {
    const { session, queue, suspects, watch, clock } = this.#options;
    this.#inFlight.add(entry);
    const sentMs = clock.monotonic();
    watch.sent(entry.message);
    try {
      await session.send(entry.message);
      this.#isHealthy = true;
      suspects.acknowledged(entry.message.messageId);
      if (this.#inFlight.delete(entry)) queue.acknowledge(entry);
      watch.acknowledged(entry.message, clock.monotonic() - sentMs);
    } catch (error) {
      // First, or this sender would be the next to take what it gives back.
      onFailure(error);
      if (this.#inFlight.delete(entry)) queue.release(entry);
      watch.unacknowledged?.(entry.message);
    }
    this.#changed.ring();
  }

  /** Sends what is under suspicion with nothing else in flight, preferably once the hub has proved its health. */
  async #sendSuspects(stop: AbortSignal, onFailure: (error: unknown) => void): Promise<void> {
    for (
      let suspect = await this.#nextSuspect(stop);
      suspect !== undefined;
      suspect = await this.#nextSuspect(stop)
    ) {
      this.#suspectAlone = true;
      await this.#changed.until(() => this.#places.inside === 0, stop);
      if (stop.aborted) this.#options.queue.release(suspect);
      // Told to stop, what is in flight is for the drain to wait for.
      else await untilStopped(this.#send(suspect, onFailure), stop);
      this.#suspectAlone = false;
      this.#places.admit();
    }
  }

  /** Those that have ended sessions alone come last, or they would keep the others from being cleared. */
  async #nextSuspect(stop: AbortSignal): Promise<QueuedMessage | undefined> {
    const { suspects } = this.#options;
    const isGrave = ({ message }: QueuedMessage): boolean => suspects.isGrave(message.messageId);
    const timesAlone = ({ message }: QueuedMessage): number => suspects.timesAlone(message.messageId);
    await this.#changed.until(() => this.#heldBack.length > 0, stop);
    await this.#untilHealthy(graveProofMs, stop, () => !this.#heldBack.every(isGrave));
    await this.#untilHealthy(proofMs, stop);
    if (stop.aborted) return undefined;
    this.#heldBack.sort((a, b) => timesAlone(a) - timesAlone(b));
    return this.#heldBack.shift();
  }

  async #untilHealthy(ms: number, stop: AbortSignal, orElse = (): boolean => false): Promise<void> {
    if (this.#isHealthy || orElse()) return;
    await this.#withLimit(ms, stop, (limit) => this.#changed.until(() => this.#isHealthy || orElse(), limit));
  }

  /** The hub, which has no other way to refuse a message, may have ended the session because of one of these. */
  #blame(error: unknown): void {
    const endedByHub = error instanceof CloudError && ['HUB-CLOSED', 'NET-RESET'].includes(error.code);
    if (!endedByHub) return;
    const { suspects, queue } = this.#options;
    const inFlight = new Map([...this.#inFlight].map((entry) => [entry.message.messageId, entry]));
    for (const id of suspects.endedBy([...inFlight.keys()], this.#isHealthy)) {
      const entry = inFlight.get(id);
      if (entry === undefined) continue;
      this.#inFlight.delete(entry);
      suspects.forget(id);
      queue.setAside(entry, 'the hub ends the connection whenever this message is sent');
    }
  }

  async #drain(): Promise<void> {
    const never = new AbortController().signal;
    await this.#withLimit(drainMs, never, (limit) =>
      this.#changed.until(() => this.#inFlight.size === 0, limit),
    );
  }

  /** Waits, but not for longer than so many milliseconds. */
  async #withLimit(
    ms: number,
    stop: AbortSignal,
    wait: (limit: AbortSignal) => Promise<void>,
  ): Promise<void> {
    const over = new Error('the time is over');
    await withDeadline(this.#options.clock, ms, over, stop, wait).catch((error: unknown) => {
      if (error !== over && !stop.aborted) throw error;
    });
  }

  #giveBack(): void {
    for (const entry of [...this.#inFlight, ...this.#heldBack]) this.#options.queue.release(entry);
    this.#inFlight.clear();
    this.#heldBack.length = 0;
  }
}
