import type { Offer, Place } from '../queue/telemetry-queue.ts';

export type Outcome = { readonly accepted: true; readonly place: Place } | Refused;

interface Refused {
  readonly accepted: false;
  readonly reason: Refusal;
}

/** `full`: the queue would have to drop something more important; `budget`: the day's or the month's pace is spent. */
export type Refusal = 'full' | 'oversize' | 'budget';

/** What becomes of a message that is still being gathered, and of every reading in it. */
export class Fate {
  /** How many readings are in it. */
  readings = 0;
  #end: Offer | Refused | undefined;
  #outcome: Promise<Outcome> | undefined;
  #resolve: (outcome: Promise<Outcome>) => void = () => undefined;

  /** Settles when the message is as safe as it can be made, or refused; never rejects. Costs nothing unless asked for. */
  get outcome(): Promise<Outcome> {
    this.#outcome ??=
      this.#end === undefined
        ? new Promise((resolve) => {
            this.#resolve = resolve;
          })
        : outcomeOf(this.#end);
    return this.#outcome;
  }

  /** The outcome, if it is settled already. */
  get settled(): Outcome | undefined {
    const end = this.#end;
    if (end?.accepted !== true) return end;
    return end.place === undefined ? undefined : { accepted: true, place: end.place };
  }

  /** The message has been offered or refused; it is not gathering any more. */
  get isKnown(): boolean {
    return this.#end !== undefined;
  }

  offered(offer: Offer): void {
    this.#settle(offer);
  }

  refused(reason: Refusal): void {
    this.#settle({ accepted: false, reason });
  }

  #settle(end: Offer | Refused): void {
    this.#end = end;
    if (this.#outcome !== undefined) this.#resolve(outcomeOf(end));
  }
}

async function outcomeOf(end: Offer | Refused): Promise<Outcome> {
  return end.accepted ? { accepted: true, place: await end.safe } : end;
}
