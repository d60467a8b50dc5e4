import { Bell } from '../../lib/bell.ts';
import type { TelemetryMessage } from '../message.ts';
import type { Priority } from '../priority.ts';
import { Latencies } from './latencies.ts';
import type { LatencyFigures } from './latencies.ts';
import type { SendingWatch } from './sender.ts';

/** Since the start, resends included. */
export interface DeliveryFigures {
  readonly byPriority: Readonly<Record<Priority, Readonly<DeliveryCount>>>;
  /** From handing a message to the connection to its acknowledgement. */
  readonly latency: LatencyFigures;
}

interface DeliveryCount {
  sent: number;
  acknowledged: number;
}

/** Counts what goes out and what the hub acknowledges, and tells when it has all that was held at a moment. */
export class Deliveries implements SendingWatch {
  readonly #onSent: (message: TelemetryMessage) => void;
  readonly #awaited = new Set<Awaited>();
  readonly #changed = new Bell();
  readonly #counts: Readonly<Record<Priority, DeliveryCount>> = { high: none(), normal: none(), low: none() };
  readonly #latencies = new Latencies();

  /** @param onSent is told of each message that goes out */
  constructor(onSent: (message: TelemetryMessage) => void) {
    this.#onSent = onSent;
  }

  /** Since the start, resends included. */
  get count(): Readonly<DeliveryCount> {
    const { high, normal, low } = this.#counts;
    return {
      sent: high.sent + normal.sent + low.sent,
      acknowledged: high.acknowledged + normal.acknowledged + low.acknowledged,
    };
  }

  get figures(): DeliveryFigures {
    const { high, normal, low } = this.#counts;
    return {
      byPriority: { high: { ...high }, normal: { ...normal }, low: { ...low } },
      latency: this.#latencies.figures,
    };
  }

  sent(message: TelemetryMessage): void {
    this.#counts[message.priority].sent += 1;
    this.#onSent(message);
  }

  acknowledged({ sequence, priority }: TelemetryMessage, tookMs: number): void {
    this.#counts[priority].acknowledged += 1;
    this.#latencies.observe(tookMs);
    if (this.#awaited.size === 0) return;
    for (const awaited of this.#awaited) if (sequence <= awaited.last) awaited.missing -= 1;
    this.#changed.ring();
  }

  /**
   * Waits until so many messages numbered up to `last` have been acknowledged, or until the signal is aborted; resolves
   * with how many have been.
   */
  async until(held: number, last: number, signal: AbortSignal): Promise<number> {
    const awaited = { missing: held, last };
    this.#awaited.add(awaited);
    await this.#changed.until(() => awaited.missing <= 0, signal);
    this.#awaited.delete(awaited);
    return held - awaited.missing;
  }
}

function none(): DeliveryCount {
  return { sent: 0, acknowledged: 0 };
}

interface Awaited {
  missing: number;
  readonly last: number;
}
