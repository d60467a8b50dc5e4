import type { Clock } from '../lib/clock.ts';
import { untilStopped } from '../lib/deadline.ts';
import type { Log } from '../lib/log.ts';
import type { Service } from '../lib/service.ts';
import type { CredentialSource } from './credential-source.ts';
import { dayMs, daysLeft, urgencyOf } from './days-left.ts';
import type { Urgency } from './days-left.ts';
import { readLeaf } from './leaf.ts';

export interface ExpiryWatchOptions {
  /** For the log: `primary` or `secondary`. */
  readonly name: string;
  readonly source: Pick<CredentialSource, 'inUse'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** How long the wall clock may have been stepped before it is noticed. */
const stepMs = 60_000;

interface Told {
  readonly thumbprint: string;
  readonly urgency: Urgency;
  readonly at: number;
}

/**
 * Says how long the certificate in use is still valid: at start, when it is another one, when it becomes urgent, and then
 * every day.
 */
export class ExpiryWatch implements Service {
  readonly name: string;
  readonly #options: ExpiryWatchOptions;
  #told: Told | undefined;

  constructor(options: ExpiryWatchOptions) {
    this.name = `expiry of the ${options.name} certificate`;
    this.#options = options;
  }

  /** Whole days, below zero once it has expired; `undefined` while there is no certificate. For twin and metrics. */
  get daysLeft(): number | undefined {
    const { source, clock } = this.#options;
    return source.inUse === undefined ? undefined : daysLeft(readLeaf(source.inUse.certificate), clock.now());
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      this.#look();
      await untilStopped(clock.sleep(stepMs, signal), signal);
    }
  }

  #look(): void {
    const { name, source, clock, log } = this.#options;
    if (source.inUse === undefined) return;
    const leaf = readLeaf(source.inUse.certificate);
    const now = clock.now();
    const urgency = urgencyOf(leaf, now);
    if (!this.#isNews(leaf.thumbprint, urgency)) return;
    this.#told = { thumbprint: leaf.thumbprint, urgency, at: clock.monotonic() };
    const left = daysLeft(leaf, now);
    const until = leaf.notAfter.toISOString();
    log[urgency](
      { credential: name, daysLeft: left, validUntil: until, thumbprint: leaf.thumbprint },
      left < 0
        ? `the ${name} certificate has expired: it was valid until ${until}`
        : `the ${name} certificate is valid until ${until}: days left: ${left}`,
    );
  }

  #isNews(thumbprint: string, urgency: Urgency): boolean {
    const told = this.#told;
    if (told?.thumbprint !== thumbprint || told.urgency !== urgency) return true;
    return urgency !== 'info' && this.#options.clock.monotonic() - told.at >= dayMs;
  }
}
