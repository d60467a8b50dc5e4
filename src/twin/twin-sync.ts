import type { HubSession } from '../connection/hub-client.ts';
import type { Clock } from '../lib/clock.ts';
import { untilStopped } from '../lib/deadline.ts';
import { describeError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Random } from '../lib/random.ts';
import type { Service } from '../lib/service.ts';
import { DesiredDocument } from './desired-document.ts';
import { insist } from './insist.ts';
import { combine } from './properties.ts';
import type { DesiredProperties, ReportedProperties } from './properties.ts';
import type { ReprovisionRequests } from './reprovision-requests.ts';
import { acknowledgeFailure, applyDesired } from './settings.ts';
import type { Settings } from './settings.ts';
import type { SettingsStore } from './settings-store.ts';

export interface TwinSyncOptions {
  readonly session: Pick<HubSession, 'fetchTwin' | 'desiredPatches' | 'report'>;
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
      const patches = await insist('subscribe to desired properties', subscribe, this.#options, signal);
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
    const { desired } = await insist('fetch the twin', () => session.fetchTwin(), this.#options, signal);
    return new DesiredDocument(desired);
  }

  /** Puts in force what the document asks for, and says so, with what else there is to report. */
  async #settle(document: DesiredDocument, also: ReportedProperties, signal: AbortSignal): Promise<void> {
    const { session, reprovision } = this.#options;
    const settings = await this.#apply(document);
    const answer = await reprovision.answer(document.properties, document.version);
    const report = combine(also, settings, answer.acknowledgement);
    await insist('report properties', () => session.report(report), this.#options, signal);
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
}

function summary({ intervalSeconds }: Settings): string {
  return intervalSeconds === undefined ? 'intervals as configured' : `all inputs every ${intervalSeconds} s`;
}
