import type { Config } from '../config/schema.ts';
import type { HubSession } from '../connection/hub-client.ts';
import { Bell } from '../lib/bell.ts';
import type { Clock } from '../lib/clock.ts';
import { withDeadline } from '../lib/deadline.ts';
import { describeError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Random } from '../lib/random.ts';
import { inScope } from '../lib/scope.ts';
import type { Service } from '../lib/service.ts';
import { DesiredDocument, mergePatch } from './desired-document.ts';
import { insist } from './insist.ts';
import { valueAt } from './properties.ts';
import type { DesiredProperties, ReportedProperties } from './properties.ts';
import type { ReportQueue } from './report-queue.ts';
import type { ReprovisionRequests } from './reprovision-requests.ts';
import { acknowledgementPatch, isOccupied } from './settings/acknowledgement-patch.ts';
import { acknowledgements } from './settings/acknowledgements.ts';
import type { Acknowledgement, Acknowledgements } from './settings/acknowledgements.ts';
import { describeChange, describeConnectionChange } from './settings/describe-change.ts';
import { readDesired, stateAsked } from './settings/desired.ts';
import type { Reading, Stranger } from './settings/desired.ts';
import { PartialReports } from './settings/partial-reports.ts';
import { Refusals } from './settings/refusals.ts';
import type { SettingsStore } from './settings/settings-store.ts';
import { componentsIn } from './settings/table.ts';
import type { SettingsTable } from './settings/table.ts';
import { transition } from './settings/trial.ts';

export interface DesiredSyncOptions {
  readonly session: Pick<HubSession, 'fetchTwin' | 'desiredPatches'>;
  readonly reports: Pick<ReportQueue, 'report'>;
  readonly table: SettingsTable;
  readonly store: SettingsStore;
  /** Whose twin it is. */
  readonly hub: string;
  /** Of the settings that the session was opened with. */
  readonly generation: number;
  readonly reprovision: Pick<ReprovisionRequests, 'answer'>;
  /** The configuration of the files, and the one in force. */
  readonly live: { readonly configured: Config; readonly current: Config };
  /** The time of those settings that hold for a time. */
  readonly lapse?: Lapse;
  /** What else stands in the reported properties: nothing of that name is acknowledged there. */
  readonly facts: readonly string[];
  /** Is told of everything that stands acknowledged after an answer. */
  readonly onAcknowledged?: (all: Acknowledgements) => void;
  /** Settings of the connection are on trial, or no longer: it is to be opened anew. */
  readonly onReconnect: (why: string) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** How long patches must have been absent before the twin is read once more, in milliseconds. */
  readonly quietMs?: number;
}

export interface Lapse {
  /** In milliseconds; `undefined`: for ever, or it is over. */
  readonly leftMs: number | undefined;
  readonly isOver: boolean;
}

/**
 * A desired document that replaces the one before arrives like a patch, and does not say what it has removed (protocol.md
 * 3.5). So the twin is read once after every burst of patches, when no other has come for so long.
 */
const defaultQuietMs = 5000;
/** How long the acknowledgement that a setting is being tried may hold up the trial. */
const patienceMs = 10_000;

/**
 * Does for one session what the desired properties ask for, and acknowledges it: subscribes, fetches the twin, follows the
 * patches; a gap in their versions fetches again. What was asked is saved and in force before it is acknowledged. Patches
 * that come while that goes on are answered together.
 */
export class DesiredSync implements Service {
  readonly name = 'twin';
  /** What was reported when the session began, for who reports something else. Never rejects. */
  readonly fetched: Promise<ReportedProperties>;
  readonly #options: DesiredSyncOptions;
  readonly #refusals: Refusals;
  readonly #partial: PartialReports;
  readonly #bell = new Bell();
  #onFetched: (reported: ReportedProperties) => void = () => undefined;
  #document: DesiredDocument | undefined;
  #reported: ReportedProperties = {};
  /** Something has come that is not answered; patches are missing; what is known is known to be whole. */
  #isNew = true;
  #hasGap = true;
  #isWhole = false;
  /** The last answer was given when what holds for a time no longer held. */
  #hasSaidOver = false;

  constructor(options: DesiredSyncOptions) {
    this.#options = options;
    this.#refusals = new Refusals(options.log);
    this.#partial = new PartialReports(options.log);
    this.fetched = new Promise((resolve) => {
      this.#onFetched = resolve;
    });
  }

  async run(signal: AbortSignal): Promise<void> {
    try {
      await inScope(signal, async (scope) => {
        const subscribe = (): Promise<AsyncIterable<DesiredProperties>> =>
          this.#options.session.desiredPatches(scope.signal);
        const patches = await insist(
          'subscribe to desired properties',
          subscribe,
          this.#options,
          scope.signal,
        );
        await this.#fetch(scope.signal);
        const following = this.#follow(patches);
        try {
          await this.#keepAnswering(scope.signal);
        } finally {
          scope.abort(new Error('what followed the twin has ended'));
          await following;
        }
      });
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async #follow(patches: AsyncIterable<DesiredProperties>): Promise<void> {
    for await (const patch of patches) {
      const outcome = this.#document?.apply(patch) ?? 'gap';
      if (outcome === 'stale') continue;
      if (outcome === 'gap') this.#hasGap = true;
      this.#isNew = true;
      this.#isWhole = false;
      this.#bell.ring();
    }
  }

  async #keepAnswering(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      while (this.#hasGap) await this.#fetch(signal);
      if (this.#isNew) await this.#answer(signal);
      if (this.#isWhole) await this.#untilNewOrOver(signal);
      else if (await this.#isQuiet(signal)) await this.#fetch(signal);
    }
  }

  /** What holds no more is answered for once more, though nobody has asked. */
  async #untilNewOrOver(signal: AbortSignal): Promise<void> {
    const { leftMs, isOver = false } = this.#options.lapse ?? {};
    if (isOver && !this.#hasSaidOver) this.#isNew = true;
    else if (leftMs === undefined) await this.#bell.until(() => this.#isNew, signal);
    else if (!(await this.#isNewWithin(leftMs, signal))) this.#isNew = true;
  }

  /** Whether nothing comes for a while. */
  async #isQuiet(signal: AbortSignal): Promise<boolean> {
    const { quietMs = defaultQuietMs } = this.#options;
    return !(await this.#isNewWithin(quietMs, signal)) && !signal.aborted;
  }

  async #isNewWithin(ms: number, signal: AbortSignal): Promise<boolean> {
    return inScope(signal, async (scope) => {
      const pause = this.#options.clock.sleep(ms, scope.signal).catch(() => undefined);
      await Promise.race([pause, this.#bell.until(() => this.#isNew, scope.signal)]);
      return this.#isNew;
    });
  }

  async #fetch(signal: AbortSignal): Promise<void> {
    const { session } = this.#options;
    this.#hasGap = false;
    const { desired, reported } = await insist(
      'fetch the twin',
      () => session.fetchTwin(),
      this.#options,
      signal,
    );
    this.#reported = reported;
    this.#onFetched(reported);
    const known = this.#document;
    // Patches that came meanwhile may be newer than what was fetched.
    if (known !== undefined && desired.$version < known.version) return;
    const fetched = new DesiredDocument(desired);
    if (known === undefined || !fetched.isSame(known)) this.#isNew = true;
    this.#document = fetched;
    this.#isWhole = !this.#hasGap;
  }

  async #answer(signal: AbortSignal): Promise<void> {
    const { store, reprovision, table, live, lapse, onReconnect } = this.#options;
    const document = this.#document;
    if (document === undefined) return;
    this.#isNew = false;
    this.#hasSaidOver = lapse?.isOver === true;
    const { properties, version } = document;
    const reading = readDesired(table, live.configured, properties);
    const before = store.state;
    const failure = await this.#apply(reading, document);
    const action = await reprovision.answer(properties, version);
    this.#refusals.say(reading);
    const wanted = withAction(this.#acknowledgements(reading, version, failure), action.acknowledgement);
    this.#options.onAcknowledged?.(wanted);
    const changes = describeConnectionChange(before.connection, store.state.connection);
    if (changes === undefined) await this.#report(wanted, signal);
    else {
      await this.#reportSoon(wanted, signal);
      onReconnect(`the twin has changed settings of the connection: ${changes}`);
    }
    action.act();
    await this.#confirm();
  }

  /** Why it could not be done, if so. */
  async #apply(reading: Reading, { properties, version }: DesiredDocument): Promise<string | undefined> {
    const { store, table, hub, log } = this.#options;
    const before = store.state;
    try {
      await store.update((state) => stateAsked(table, reading, properties, version, hub, state));
    } catch (error) {
      const failure = `cannot save the settings: ${describeError(error)}`;
      log.error({ version }, failure);
      return failure;
    }
    const change = describeChange(table, before, store.state);
    if (change !== undefined) log.info({ version }, `the twin has changed the settings: ${change}`);
    return undefined;
  }

  #acknowledgements(reading: Reading, version: number, failure: string | undefined): Acknowledgements {
    const { table, store, live } = this.#options;
    const { connection } = store.state;
    const strangers = reading.strangers.filter((stranger) => this.#hasRoomFor(stranger));
    return acknowledgements(table, {
      reading: { ...reading, strangers },
      connection,
      isOpenedWithTrial: this.#isOpenedWithTrial,
      config: live.current,
      lapsed: this.#hasSaidOver ? live.configured : undefined,
      confirmMs: live.current.settings.confirmMs,
      version,
      failure,
    });
  }

  /** What the device says of itself is not overwritten by an answer to what nobody can ask of it. */
  #hasRoomFor({ component, name }: Stranger): boolean {
    const { table, facts } = this.#options;
    if (name !== undefined) return !isOccupied(valueAt(this.#reported, component, name));
    if (table.settings.some((setting) => setting.component === component)) return true;
    return !facts.includes(component) && !isOccupied(valueAt(this.#reported, component));
  }

  async #report(wanted: Acknowledgements, signal: AbortSignal): Promise<void> {
    const patch = acknowledgementPatch(componentsIn(this.#options.table), this.#reported, wanted);
    const taken = await this.#partial.report(patch, (part) => this.#options.reports.report(part, signal));
    this.#reported = mergePatch(this.#reported, taken);
  }

  /** As `report`, but the trial does not wait long for a hub that is throttling. */
  async #reportSoon(wanted: Acknowledgements, signal: AbortSignal): Promise<void> {
    const late = new Error('the hub takes no reports for now');
    try {
      await withDeadline(this.#options.clock, patienceMs, late, signal, (limit) =>
        this.#report(wanted, limit),
      );
    } catch (error) {
      if (error !== late) throw error;
    }
  }

  /** A session that opened with what is on trial, and in which the hub has taken a report, is what the trial waits for. */
  async #confirm(): Promise<void> {
    const { store, log } = this.#options;
    if (!this.#isOpenedWithTrial) return;
    const trial = store.state.connection;
    const connection = transition(trial, { name: 'connected' });
    try {
      await store.update((state) => (state.connection === trial ? { ...state, connection } : state));
      log.info('connected with the settings of the connection from the twin: they are kept');
      this.#isNew = true;
    } catch (error) {
      log.error(`cannot save that the settings of the connection work: ${describeError(error)}`);
    }
  }

  get #isOpenedWithTrial(): boolean {
    const { store, generation } = this.#options;
    return store.state.connection.name === 'trying' && generation >= store.connectionSince;
  }
}

/** With the answer to what the twin asks to be done. */
function withAction(given: Acknowledgements, answer: ReportedProperties): Acknowledgements {
  const added = Object.entries(answer).map(([component, section]) => {
    const named = Object.entries(section as Record<string, Acknowledgement | null>);
    const present = named.filter((entry): entry is [string, Acknowledgement] => entry[1] !== null);
    return [component, new Map([...(given.get(component) ?? []), ...present])] as const;
  });
  return new Map([...given, ...added]);
}
