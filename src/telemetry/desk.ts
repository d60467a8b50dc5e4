import type { Posted, PostedMessage, TelemetryDesk } from '../local-api/telemetry-desk.ts';
import type { Fate, Refusal } from './intake/fate.ts';
import type { Intake, Overrides } from './intake/intake.ts';
import type { Place } from './queue/telemetry-queue.ts';
import type { Reading } from './reading.ts';

/** From the safest place to the least safe. */
const places: readonly Place[] = ['hub', 'disk', 'memory'];

/** Where what is posted to the local API is handed in. */
export class SocketDesk implements TelemetryDesk {
  readonly #intakes: ReadonlyMap<string, Intake>;
  readonly #mustReachDisk: () => boolean;
  readonly isOn: (input: string) => boolean;

  /**
   * @param intakes of the inputs of type socket
   * @param mustReachDisk whether memory is not safe enough
   * @param isOn whether an input is switched on just now
   */
  constructor(intakes: readonly Intake[], mustReachDisk: () => boolean, isOn: (input: string) => boolean) {
    this.#intakes = new Map(intakes.map((intake) => [intake.input.name, intake]));
    this.#mustReachDisk = mustReachDisk;
    this.isOn = isOn;
  }

  get inputs(): readonly string[] {
    return [...this.#intakes.keys()];
  }

  /** Rejects where there is no such input. */
  async post(input: string, readings: readonly Reading[], overrides: Overrides): Promise<Posted> {
    const fates = this.#intake(input).take(readings, overrides);
    // What a window keeps back for now is in none of them, and taken in.
    return this.#posted(readings.length, fates, ({ readings: inIt }) => inIt);
  }

  /** Rejects where there is no such input. */
  async postMessages(input: string, messages: readonly PostedMessage[]): Promise<Posted> {
    const intake = this.#intake(input);
    const fates = messages.map((message) => intake.takeMessage(message));
    return this.#posted(messages.length, fates, () => 1);
  }

  #intake(input: string): Intake {
    const intake = this.#intakes.get(input);
    if (intake === undefined) throw new Error(`cannot post to ${input}: there is no such input`);
    return intake;
  }

  /** @param itemsIn how many of what was posted share a fate */
  async #posted(items: number, fates: readonly Fate[], itemsIn: (fate: Fate) => number): Promise<Posted> {
    let inRefused = 0;
    let reason: Refusal | undefined;
    let stored: Place | undefined;
    // When the last is safe, those before it mostly are, and need not be waited for.
    for (const fate of fates.toReversed()) {
      const outcome = fate.settled ?? (await fate.outcome);
      if (outcome.accepted) stored = lessSafe(stored, outcome.place);
      else [inRefused, reason] = [inRefused + itemsIn(fate), outcome.reason];
    }
    // A message may hold readings of other posts, too.
    const refused = Math.min(inRefused, items);
    return {
      accepted: items - refused,
      refused,
      stored: refused < items ? stored : undefined,
      durable: !(this.#mustReachDisk() && stored === 'memory'),
      ...(reason === undefined ? {} : { reason }),
    };
  }
}

function lessSafe(one: Place | undefined, other: Place): Place {
  return one === undefined || places.indexOf(other) > places.indexOf(one) ? other : one;
}
