import { insist } from './insist.ts';
import type { Insistence } from './insist.ts';
import type { ReportedProperties } from './properties.ts';

export interface ReportSession {
  report(properties: ReportedProperties): Promise<void>;
}

/**
 * Reports of one session, one at a time and in their order, so that none overtakes another that is being tried again. Who
 * reports decides what to do about one that the hub will never take.
 */
export class ReportQueue {
  readonly #session: ReportSession;
  readonly #insistence: Insistence;
  #last: Promise<void> = Promise.resolve();

  constructor(session: ReportSession, insistence: Insistence) {
    this.#session = session;
    this.#insistence = insistence;
  }

  /**
   * Resolves when the hub has taken the report, however often that had to be tried. Rejects with a CloudError
   * HUB-TWIN-REFUSED when it never will, and with the session's end when that comes first; the next report has its turn
   * all the same.
   */
  report(properties: ReportedProperties, signal: AbortSignal): Promise<void> {
    const mine = this.#last.then(async () => {
      signal.throwIfAborted();
      const request = (): Promise<void> => this.#session.report(properties);
      await insist('report properties', request, this.#insistence, signal);
    });
    this.#last = mine.catch(() => undefined);
    return mine;
  }
}
