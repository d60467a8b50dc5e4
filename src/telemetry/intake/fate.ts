import type { Offer, Place } from '../queue/telemetry-queue.ts';

export type Outcome =
  { readonly accepted: true; readonly place: Place } | { readonly accepted: false; readonly reason: Refusal };

/** `full`: the queue would have to drop something more important; `budget`: the day's or the month's pace is spent. */
export type Refusal = 'full' | 'oversize' | 'budget';

/** What becomes of a message that is still being gathered, and of every reading in it. */
export class Fate {
  /** Settles when the message is as safe as it can be made, or refused; never rejects. */
  readonly outcome: Promise<Outcome>;
  #isKnown = false;
  #resolve: (outcome: Outcome | Promise<Outcome>) => void = () => undefined;

  constructor() {
    this.outcome = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** The message has been offered or refused; it is not gathering any more. */
  get isKnown(): boolean {
    return this.#isKnown;
  }

  offered(offer: Offer): void {
    this.#isKnown = true;
    this.#resolve(
      offer.accepted
        ? offer.safe.then((place): Outcome => ({ accepted: true, place }))
        : { accepted: false, reason: offer.reason },
    );
  }

  refused(reason: Refusal): void {
    this.#isKnown = true;
    this.#resolve({ accepted: false, reason });
  }
}
