/** In flight at so many ends of a session in a row, a message is sent alone. */
const endsToSuspect = 3;
/** Alone in flight at so many ends, in sessions that had taken others: the hub will never take it. */
const endsAlone = 2;

interface Record {
  ends: number;
  alone: number;
}

/**
 * Finds the message that makes the hub end the connection, which is all that MQTT has to say "no" with (protocol.md
 * 3.8). It is convicted only when it alone was in flight, twice, in sessions in which the hub had acknowledged others: a
 * hub over its quota ends every session, and then the messages are not to blame.
 */
export class Suspects {
  readonly #records = new Map<string, Record>();

  /** Whether it must be sent with nothing else in flight. */
  has(messageId: string): boolean {
    return (this.#records.get(messageId)?.ends ?? 0) >= endsToSuspect;
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
    const [only] = inFlight.length === 1 ? inFlight : [];
    for (const id of inFlight) {
      const { ends, alone } = this.#records.get(id) ?? { ends: 0, alone: 0 };
      const isAlone = id === only && healthy && ends >= endsToSuspect;
      kept.set(id, { ends: ends + 1, alone: alone + (isAlone ? 1 : 0) });
    }
    // A suspect that was held back this time is still one.
    for (const [id, record] of this.#records) {
      if (!kept.has(id) && record.ends >= endsToSuspect && kept.size < mostRecords) kept.set(id, record);
    }
    this.#records.clear();
    for (const [id, record] of kept) this.#records.set(id, record);
    return [...kept].filter(([, { alone }]) => alone >= endsAlone).map(([id]) => id);
  }

  forget(messageId: string): void {
    this.#records.delete(messageId);
  }
}

const mostRecords = 2000;
