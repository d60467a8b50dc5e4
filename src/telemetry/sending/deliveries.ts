import { Bell } from '../../lib/bell.ts';
import type { TelemetryMessage } from '../message.ts';
import type { SendingWatch } from './sender.ts';

/** Counts what goes out and what the hub acknowledges, and tells when it has all that was held at a moment. */
export class Deliveries implements SendingWatch {
  readonly #onSent: (message: TelemetryMessage) => void;
  readonly #awaited = new Set<Awaited>();
  readonly #changed = new Bell();
  #sent = 0;
  #acknowledged = 0;

  /** @param onSent is told of each message that goes out */
  constructor(onSent: (message: TelemetryMessage) => void) {
    this.#onSent = onSent;
  }

  /** Since the start, resends included. */
  get count(): { readonly sent: number; readonly acknowledged: number } {
    return { sent: this.#sent, acknowledged: this.#acknowledged };
  }

  sent(message: TelemetryMessage): void {
    this.#sent += 1;
    this.#onSent(message);
  }

  acknowledged({ sequence }: TelemetryMessage): void {
    this.#acknowledged += 1;
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

interface Awaited {
  missing: number;
  readonly last: number;
}
