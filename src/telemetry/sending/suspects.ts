/** In flight at so many ends of a session in a row, a message is sent alone. */
const endsToSuspect = 3;
/** Alone in flight at so many ends, in sessions that had taken others: the hub will never take it. */
const endsToConvict = 2;
/** How many are remembered besides those in flight. */
const mostRecords = 2000;

interface Record {
  /** Ends of a session in a row with it in flight. */
  readonly ends: number;
  /** Of these, as a suspect alone in flight. */
  readonly alone: number;
  /** Of these, in sessions in which the hub had acknowledged others. */
  readonly proven: number;
}

const innocent: Record = { ends: 0, alone: 0, proven: 0 };

/**
 * Finds the message that makes the hub end the connection, which is all that MQTT has to say "no" with (protocol.md
 * 3.8). It is convicted only when it alone was in flight, twice, in sessions in which the hub had acknowledged others: a
 * hub over its quota ends every session, and then the messages are not to blame.
 */
export class Suspects {
  #records = new Map<string, Record>();

  /** Whether it must be sent with nothing else in flight. */
  has(messageId: string): boolean {
    return this.#record(messageId).ends >= endsToSuspect;
  }

  /** Whether one more end convicts it: it is worth waiting for the proof that the hub is well. */
  isGrave(messageId: string): boolean {
    return this.#record(messageId).proven === endsToConvict - 1;
  }

  /** At how many ends it was alone in flight: those with fewer are tried first, lest one hold up all others. */
  timesAlone(messageId: string): number {
    return this.#record(messageId).alone;
  }

  acknowledged(messageId: string): void {
    if (this.#records.size > 0) this.#records.delete(messageId);
  }

  /**
   * The hub has ended a session with these in flight. Returns those that it will never take.
   * @param healthy whether it had acknowledged another message in this session
   */
  endedBy(inFlight: readonly string[], healthy: boolean): string[] {
    const kept = new Map<string, Record>();
    for (const id of inFlight) {
      const { ends, alone, proven } = this.#record(id);
      const isAlone = inFlight.length === 1 && this.has(id);
      kept.set(id, {
        ends: ends + 1,
        alone: alone + (isAlone ? 1 : 0),
        proven: proven + (isAlone && healthy ? 1 : 0),
      });
    }
    // A suspect that was held back this time is still one.
    for (const [id, record] of this.#records) {
      if (!kept.has(id) && this.has(id) && kept.size < mostRecords) kept.set(id, record);
    }
    this.#records = kept;
    return [...kept].filter(([, { proven }]) => proven >= endsToConvict).map(([id]) => id);
  }

  forget(messageId: string): void {
    this.#records.delete(messageId);
  }

  #record(messageId: string): Record {
    return this.#records.get(messageId) ?? innocent;
  }
}
