import { CloudError } from '../cloud-error.ts';
import type { HubSession } from '../connection/hub-client.ts';
import { fullJitterMs } from '../lib/backoff.ts';
import type { Clock } from '../lib/clock.ts';
import { untilStopped } from '../lib/deadline.ts';
import { describeError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Random } from '../lib/random.ts';
import type { Service } from '../lib/service.ts';
import { DesiredDocument } from './desired-document.ts';
import { combine } from './properties.ts';
import type { DesiredProperties, ReportedProperties } from './properties.ts';
import type { ReprovisionRequests } from './reprovision-requests.ts';
import { acknowledgeFailure, applyDesired } from './settings.ts';
import type { Settings } from './settings.ts';
import type { SettingsStore } from './settings-store.ts';

export interface TwinSyncOptions {
  readonly session: Pick<HubSession, 'fetchDesired' | 'desiredPatches' | 'report'>;
  readonly store: SettingsStore;
  readonly reprovision: Pick<ReprovisionRequests, 'answer'>;
  /** What the device says about itself at the beginning of every session. */
  readonly about: ReportedProperties;
  /** The interval of all inputs by the configuration, in seconds; `undefined` where they differ. */
  readonly configuredSeconds: number | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** Between attempts when the hub refuses a twin request, which must not cost the session its telemetry. */
const retry = { initialMs: 5000, maximumMs: 300_000 };

/**
 * Keeps settings and twin in step for one session: subscribe, fetch in full, then patch by patch; a gap in the versions
 * fetches again. What was asked is saved before it is acknowledged.
 */
export class TwinSync implements Service {
  readonly name = 'twin';
  readonly #options: TwinSyncOptions;

  constructor(options: TwinSyncOptions) {
    this.#options = options;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { session } = this.#options;
    try {
      const subscribe = (): Promise<AsyncIterable<DesiredProperties>> => session.desiredPatches(signal);
      const patches = await this.#insist('subscribe to desired properties', subscribe, signal);
      const document = await this.#fetch(signal);
      await this.#settle(document, this.#options.about, signal);
      await this.#follow(document, patches, signal);
      // The patches end with the session, and it is the session that says so.
      await untilStopped(new Promise<never>(() => undefined), signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async #follow(
    fetched: DesiredDocument,
    patches: AsyncIterable<DesiredProperties>,
    signal: AbortSignal,
  ): Promise<void> {
    let document = fetched;
    for await (const patch of patches) {
      const outcome = document.apply(patch);
      if (outcome === 'gap') document = await this.#fetch(signal);
      if (outcome !== 'stale') await this.#settle(document, {}, signal);
    }
  }

  async #fetch(signal: AbortSignal): Promise<DesiredDocument> {
    const { session } = this.#options;
    return new DesiredDocument(
      await this.#insist('fetch the desired properties', () => session.fetchDesired(), signal),
    );
  }

  /** Puts in force what the document asks for, and says so, with what else there is to report. */
  async #settle(document: DesiredDocument, also: ReportedProperties, signal: AbortSignal): Promise<void> {
    const { session, reprovision } = this.#options;
    const settings = await this.#apply(document);
    const answer = await reprovision.answer(document.properties, document.version);
    const report = combine(also, settings, answer.acknowledgement);
    await this.#insist('report properties', () => session.report(report), signal);
    answer.act();
  }

  async #apply({ properties, version }: DesiredDocument): Promise<ReportedProperties> {
    const { store, configuredSeconds, log } = this.#options;
    const before = store.current;
    const { settings, acknowledgements } = applyDesired(before, properties, version, configuredSeconds);
    try {
      await store.replace(settings);
    } catch (error) {
      const reason = `cannot save the settings: ${describeError(error)}`;
      log.error({ version }, reason);
      return acknowledgeFailure(before.intervalSeconds ?? configuredSeconds, version, reason);
    }
    if (store.current !== before)
      log.info({ settings, version }, `the twin has changed the settings: ${summary(settings)}`);
    return acknowledgements;
  }

  /** Repeats what the hub refuses, ever more rarely; the first refusal in a row is said, and its end. */
  async #insist<T>(what: string, request: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const { clock, random, log } = this.#options;
    for (let failures = 0; ; failures += 1) {
      try {
        const result = await request();
        if (failures > 0) log.info(`could ${what} after ${failures} refusals`);
        return result;
      } catch (error) {
        if (!(error instanceof CloudError) || error.code !== 'HUB-TWIN' || signal.aborted) throw error;
        if (failures === 0) log.warn({ code: error.code, error: describeError(error) }, describeError(error));
        await clock.sleep(fullJitterMs(retry, failures + 1, random), signal);
      }
    }
  }
}

function summary({ intervalSeconds }: Settings): string {
  return intervalSeconds === undefined ? 'intervals as configured' : `all inputs every ${intervalSeconds} s`;
}
