import type { Posted, PostedMessage, TelemetryDesk } from '../local-api/telemetry-desk.ts';
import type { Fate, Outcome } from './intake/fate.ts';
import type { Intake, Overrides } from './intake/intake.ts';
import type { Place } from './queue/telemetry-queue.ts';
import type { Reading } from './reading.ts';

/** From the safest place to the least safe. */
const places: readonly Place[] = ['hub', 'disk', 'memory'];

/** Where what is posted to the local API is handed in. */
export class SocketDesk implements TelemetryDesk {
  readonly #intakes: ReadonlyMap<string, Intake>;
  readonly #mustReachDisk: () => boolean;

  /**
   * @param intakes of the inputs of type socket
   * @param mustReachDisk whether memory is not safe enough
   */
  constructor(intakes: readonly Intake[], mustReachDisk: () => boolean) {
    this.#intakes = new Map(intakes.map((intake) => [intake.input.name, intake]));
    this.#mustReachDisk = mustReachDisk;
  }

  get inputs(): readonly string[] {
    return [...this.#intakes.keys()];
  }

  /** Rejects where there is no such input. */
  async post(input: string, readings: readonly Reading[], overrides: Overrides): Promise<Posted> {
    const intake = this.#intake(input);
    return this.#posted(readings.map((reading) => intake.take([reading], overrides)));
  }

  /** Rejects where there is no such input. */
  async postMessages(input: string, messages: readonly PostedMessage[]): Promise<Posted> {
    const intake = this.#intake(input);
    return this.#posted(messages.map((message) => [intake.takeMessage(message)]));
  }

  #intake(input: string): Intake {
    const intake = this.#intakes.get(input);
    if (intake === undefined) throw new Error(`cannot post to ${input}: there is no such input`);
    return intake;
  }

  /** @param fates of each item: none where the processing keeps it back */
  async #posted(fates: readonly (readonly Fate[])[]): Promise<Posted> {
    const known = new Map<Fate, Outcome>();
    // When the last is safe, those before it mostly are, and need not be waited for.
    for (const fate of new Set(fates.flat().reverse())) known.set(fate, fate.settled ?? (await fate.outcome));
    const items = fates.map((own) => worst(own, known));
    const reasons = items.flatMap((item) => (item?.accepted === false ? [item.reason] : []));
    const stored = leastSafe(items.flatMap((item) => (item?.accepted === true ? [item.place] : [])));
    return {
      accepted: items.length - reasons.length,
      refused: reasons.length,
      stored,
      durable: !(this.#mustReachDisk() && stored === 'memory'),
      ...(reasons[0] === undefined ? {} : { reason: reasons[0] }),
    };
  }
}

/** Of an item that went into several messages; `undefined` of one that went into none. */
function worst(fates: readonly Fate[], known: ReadonlyMap<Fate, Outcome>): Outcome | undefined {
  const [first] = fates;
  if (fates.length === 1 && first !== undefined) return known.get(first);
  const outcomes = fates.flatMap((fate) => known.get(fate) ?? []);
  const refused = outcomes.find(({ accepted }) => !accepted);
  if (refused !== undefined) return refused;
  const place = leastSafe(outcomes.flatMap((outcome) => (outcome.accepted ? [outcome.place] : [])));
  return place === undefined ? undefined : { accepted: true, place };
}

function leastSafe(found: readonly Place[]): Place | undefined {
  return places.findLast((place) => found.includes(place));
}
