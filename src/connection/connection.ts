import { CloudError, concernsCredential } from '../cloud-error.ts';
import type { Clock } from '../lib/clock.ts';
import { untilStopped } from '../lib/deadline.ts';
import { describeError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { inScope } from '../lib/scope.ts';
import type { Random } from '../lib/random.ts';
import { runAll } from '../lib/service.ts';
import type { Service } from '../lib/service.ts';
import { nextAttempt } from '../next-attempt.ts';
import type { Credential, CredentialName } from '../provisioning/credential.ts';
import type { Assignment, Trigger } from '../provisioning/dps-client.ts';
import type { HubClient, HubSession } from './hub-client.ts';
import { initialState, reachedDps, requestDueAfterMs, transition } from './state.ts';
import { budgetAfter, untilAllowedMs } from './registration-budget.ts';
import type { Context, Event, History, Known, Policy, State } from './state.ts';

/**
 * Makes the services that live as long as one session: the sender, the twin.
 * @param generation of the settings that the session was opened with; they may be later ones, never earlier
 */
export type SessionServices = (
  session: HubSession,
  assignment: Assignment,
  credential: Credential,
  generation: number,
) => Promise<readonly Service[]>;

/** Where the device belongs: by DPS, or by the configuration. */
export interface IdentitySource {
  readonly source: 'dps' | 'manual';
  /** What is done to learn it, as in "asking DPS which hub this device belongs to". */
  readonly doing: string;
  /** Whom it asks by now, such as a DPS's `host:port`: when that changes, what another has said is not its answer. */
  readonly place: string;
  /** The last assignment for this credential, without asking anybody. */
  cached(credential: Credential): Promise<Assignment | undefined>;
  /** Asks, and remembers the answer. */
  register(credential: Credential, trigger: Trigger, signal: AbortSignal): Promise<Assignment>;
  /** This credential opened a session with that assignment: the next start begins with both. */
  confirm(credential: Credential, assignment: Assignment): Promise<void>;
}

/** Keeps what was spent of the registration budget over restarts: a program that keeps crashing must not hammer DPS. */
export interface RegistrationStore {
  /** How long ago the last registrations were, in milliseconds, oldest first. */
  load(): Promise<readonly number[]>;
  /** DPS is about to be asked. */
  add(): Promise<void>;
  /** The one added last has not reached DPS. */
  takeBack(): Promise<void>;
}

/** What the machine's clock has to do with failures. */
export interface ClockTrust {
  /** Resolves when the first attempt may be made. */
  settled(signal: AbortSignal): Promise<unknown>;
  /** An attempt begins. */
  begin(): ClockAttempt;
}

export interface ClockAttempt {
  /** The failure to go by. */
  temper(error: CloudError): CloudError;
  /** Resolves when a clock that brought the failure about has been corrected; never for other failures. */
  corrected(error: CloudError, signal: AbortSignal): Promise<void>;
}

export interface ConnectionOptions {
  readonly clockTrust: ClockTrust;
  readonly hub: HubClient;
  /** The number of the settings by which the hub is reached, counted up with each change of them. */
  readonly generation: () => number;
  readonly identity: IdentitySource;
  /** Makes the credential anew, so that a replaced file is used. */
  readonly loadCredential: (name: CredentialName) => Promise<Credential>;
  /** DPS or the hub has refused this credential: where another certificate is kept for it, the next attempt may use that. */
  readonly refused: (name: CredentialName) => void;
  readonly registrations: RegistrationStore;
  readonly sessionServices: SessionServices;
  /** Is told of each state that is entered, and of the event that led there: none led to the first. */
  readonly onState?: (state: State, event?: Event) => void;
  /** Is told what became of each thing that the trial of a certificate does beside the connection. */
  readonly onTrial?: (doing: TrialStep, event: Event) => void;
  readonly policy: Policy;
  readonly alwaysReprovisionOnStartup: boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** What a certificate's trial does, named as the states of the connection that do the same. */
export type TrialStep = 'provisioning' | 'connecting';

/** What the connection is doing, and since when on the monotonic clock, in milliseconds. */
export interface ConnectionStatus {
  /** `undefined` until the first attempt may be made. */
  readonly state: State | undefined;
  readonly sinceMs: number;
}

type In<Name extends State['name']> = Extract<State, { name: Name }>;

/** In this order when there are several: who wants DPS asked comes last, so that it is asked once and the new way. */
const interruptions = ['reconnect', 'credentialChanged', 'reprovision'] as const;
type Interruption = (typeof interruptions)[number];

/**
 * Keeps the device connected: a loop with one `await`, which does what the state says and hands the outcome to
 * `transition`. Runs until its signal is aborted; rejects only on a bug.
 */
export class Connection implements Service {
  readonly name = 'connection';
  readonly #options: ConnectionOptions;
  /** What the current state is doing; an interruption breaks it off. */
  #work = new AbortController();
  readonly #wanted = new Set<Interruption>();
  /** A credential could not be read when its assignment was looked for: there may be one. */
  #mayBeCached = false;
  /** Who says where the device belongs. */
  #place: string;
  #attempt: ClockAttempt;
  #status: ConnectionStatus;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#place = options.identity.place;
    this.#attempt = options.clockTrust.begin();
    this.#status = { state: undefined, sinceMs: options.clock.monotonic() };
  }

  get status(): ConnectionStatus {
    return this.#status;
  }

  async run(signal: AbortSignal): Promise<void> {
    await untilStopped(this.#options.clockTrust.settled(signal), signal);
    let state = await this.#start();
    this.#announce(state);
    while (state.name !== 'stopped') {
      const current = state;
      state = await inScope(signal, (work) => this.#step(current, work, signal));
    }
  }

  /** Has DPS asked as soon as it may be, whatever the agent is doing. */
  requestReprovision(why: string): void {
    this.#options.log.info(`re-provisioning is requested: ${why}`);
    this.#interrupt('reprovision');
  }

  /** There is another certificate to use: a session is replaced, a wait ends. */
  credentialChanged(): void {
    this.#interrupt('credentialChanged');
  }

  /**
   * Connects anew at once with the settings in force: ends a session in order, breaks off an attempt, ends a wait. DPS is
   * asked only if it is another one by now.
   */
  reconnect(why: string): void {
    this.#options.log.info(`connecting anew: ${why}`);
    this.#interrupt('reconnect');
  }

  /**
   * Tries a certificate that may take the place of the one in use, in a session of its own: at the hub last known, or where
   * DPS assigns it. Resolves when that session has opened; the hub has then ended the one before, and the next is opened
   * with whatever certificate is in use by then. Rejects with a CloudError, and the session before goes on; or with the
   * signal's reason.
   */
  async prove(candidate: Credential, signal: AbortSignal): Promise<void> {
    const assignment = await this.#provedAt(candidate, signal);
    await this.#confirm(candidate, assignment);
    this.#options.log.info(`another certificate has been proved: ${assignment.assignedHub} accepts it`);
  }

  async #provedAt(candidate: Credential, signal: AbortSignal): Promise<Assignment> {
    const known = this.#history?.known;
    try {
      if (known !== undefined) return await this.#opensAt(known, candidate, signal);
    } catch (error) {
      if (!(error instanceof CloudError) || error.kind !== 'rejected') throw error;
      // A hub knows the certificate that was registered last; DPS may accept this one, and tell the hub.
    }
    return this.#opensAt(await this.#assignedTo(candidate, signal), candidate, signal);
  }

  /** Asks DPS as the connection does, and out of the same budget. */
  async #assignedTo(candidate: Credential, signal: AbortSignal): Promise<Assignment> {
    const budget = this.#history?.budget;
    if (budget !== undefined && untilAllowedMs(budget, this.#options.clock.monotonic()) > 0)
      throw new CloudError('DPS-BUDGET', 'ask DPS about another certificate already');
    return this.#tried('provisioning', async () => {
      const assignment = await this.#register(candidate, 'requested', signal);
      return [assignment, { name: 'assigned', assignment }];
    });
  }

  #opensAt(assignment: Assignment, candidate: Credential, signal: AbortSignal): Promise<Assignment> {
    return this.#tried('connecting', async () => {
      const session = await this.#options.hub.connect(assignment, candidate, signal);
      await session.close();
      return [assignment, { name: 'opened' }];
    });
  }

  async #tried<T>(doing: TrialStep, attempt: () => Promise<readonly [T, Event]>): Promise<T> {
    try {
      const [result, event] = await attempt();
      this.#triedWith(doing, event);
      return result;
    } catch (error) {
      if (error instanceof CloudError) this.#triedWith(doing, { name: 'failed', error });
      throw error;
    }
  }

  #triedWith(doing: TrialStep, event: Event): void {
    this.#options.onTrial?.(doing, event);
    const { state } = this.#status;
    const hasAsked = doing === 'provisioning' && (event.name !== 'failed' || reachedDps(event.error));
    if (state === undefined || !hasAsked) return;
    this.#status = { ...this.#status, state: transition(state, { name: 'askedBeside' }, this.#context()) };
  }

  /** Asks for an assignment. What has been asked is on the disk before DPS can have been, and is taken back where it never was. */
  async #register(credential: Credential, trigger: Trigger, signal: AbortSignal): Promise<Assignment> {
    const { identity, registrations } = this.#options;
    await registrations.add();
    try {
      return await identity.register(credential, trigger, signal);
    } catch (error) {
      if (error instanceof CloudError && !reachedDps(error)) await registrations.takeBack();
      throw error;
    }
  }

  /** What one place has said is never remembered as another's. */
  async #confirm(credential: Credential, assignment: Assignment): Promise<void> {
    const { identity } = this.#options;
    if (identity.place === this.#place) await identity.confirm(credential, assignment);
  }

  get #history(): History | undefined {
    const { state } = this.#status;
    return state === undefined || state.name === 'stopped' ? undefined : state.history;
  }

  #interrupt(by: Interruption): void {
    this.#wanted.add(by);
    this.#work.abort(new Error(`interrupted: ${by}`));
  }

  async #step(from: State, work: AbortController, stop: AbortSignal): Promise<State> {
    this.#work = work;
    if (this.#options.identity.place !== this.#place) this.#wanted.add('reconnect');
    // Asked for before there was any work to break off.
    if (this.#wanted.size > 0) work.abort(new Error('interrupted'));
    let state = from;
    for await (const event of this.#perform(from, work.signal, stop)) {
      // The present one, not the one that was begun with: a trial may have taken of the budget meanwhile.
      state = transition(this.#status.state ?? from, event, this.#context());
      if (event.name === 'failed') this.#tellRefusal(from, event.error, state);
      this.#announce(state, event);
    }
    return state;
  }

  async #start(): Promise<State> {
    const { alwaysReprovisionOnStartup: alwaysReprovision, identity, registrations } = this.#options;
    this.#place = identity.place;
    const cached = await this.#cached();
    const agesMs = await registrations.load();
    const context = this.#context();
    return initialState(
      { ...cached, alwaysReprovision, budget: budgetAfter(agesMs, context.nowMs) },
      context,
    );
  }

  /** The first credential that an assignment was cached for. */
  async #cached(): Promise<Known> {
    const { identity, loadCredential, policy } = this.#options;
    this.#mayBeCached = false;
    for (const credential of policy.credentials) {
      try {
        const cached = await identity.cached(await loadCredential(credential));
        if (cached !== undefined) return { cached, credential };
      } catch (error) {
        // When its turn comes, the attempt says what is wrong with it.
        if (!(error instanceof CloudError)) throw error;
        this.#mayBeCached = true;
      }
    }
    return { cached: undefined, credential: 'primary' };
  }

  #context(): Context {
    const { policy, random, clock } = this.#options;
    return { policy, random, nowMs: clock.monotonic() };
  }

  /** What happens in a state: one event, or for a session two, its beginning and its end. */
  async *#perform(
    state: State,
    signal: AbortSignal,
    stop: AbortSignal,
  ): AsyncGenerator<Event, void, undefined> {
    try {
      signal.throwIfAborted();
      switch (state.name) {
        case 'provisioning':
          this.#attempt = this.#options.clockTrust.begin();
          yield await this.#provision(state, signal);
          return;
        case 'connecting':
          this.#attempt = this.#options.clockTrust.begin();
          yield* this.#session(state, signal);
          return;
        case 'waiting':
          await this.#rest(state, signal);
          yield { name: 'elapsed' };
          return;
        case 'connected':
        case 'stopped':
          throw new Error(
            `cannot begin in state ${state.name}: only a session leads there, and only out of it`,
          );
      }
    } catch (error) {
      if (signal.aborted) yield await this.#takeInterruption(stop);
      else if (error instanceof CloudError) yield this.#failed(state, this.#attempt.temper(error));
      else throw error;
    }
  }

  #failed(state: State, error: CloudError): Event {
    const isRefused = error.kind === 'rejected' && concernsCredential(error.code);
    if (isRefused && 'credential' in state) this.#options.refused(state.credential);
    return { name: 'failed', error };
  }

  /** A wait ends early when the clock that brought the failure about has been corrected. */
  #rest({ delayMs, reason }: In<'waiting'>, signal: AbortSignal): Promise<void> {
    return inScope(signal, (rest) =>
      Promise.race([
        this.#options.clock.sleep(delayMs, rest.signal),
        this.#attempt.corrected(reason, rest.signal),
      ]),
    );
  }

  /** Why the work was broken off. */
  async #takeInterruption(stop: AbortSignal): Promise<Event> {
    const wanted = interruptions.find((each) => this.#wanted.has(each));
    if (stop.aborted || wanted === undefined) return { name: 'stop' };
    this.#wanted.delete(wanted);
    return wanted === 'reconnect' ? await this.#reconnection() : { name: wanted };
  }

  async #reconnection(): Promise<Event> {
    const { clock, identity } = this.#options;
    const { state, sinceMs } = this.#status;
    if (identity.place === this.#place) {
      const uptimeMs = state?.name === 'connected' ? clock.monotonic() - sinceMs : 0;
      return { name: 'wayChanged', uptimeMs };
    }
    this.#place = identity.place;
    return { name: 'sourceChanged', ...(await this.#cached()) };
  }

  async #provision({ credential, history }: In<'provisioning'>, signal: AbortSignal): Promise<Event> {
    const { alwaysReprovisionOnStartup, identity, loadCredential } = this.#options;
    const loaded = await loadCredential(credential);
    const isForCached = this.#mayBeCached && history.trigger === 'no cached assignment';
    const cached = isForCached && !alwaysReprovisionOnStartup ? await identity.cached(loaded) : undefined;
    this.#mayBeCached = false;
    if (cached !== undefined) return { name: 'remembered', assignment: cached };
    const assignment = await this.#register(loaded, history.trigger, signal);
    return { name: 'assigned', assignment };
  }

  async *#session(state: In<'connecting'>, signal: AbortSignal): AsyncGenerator<Event, void, undefined> {
    const { hub, loadCredential, sessionServices } = this.#options;
    const { assignment } = state;
    const generation = this.#options.generation();
    const credential = await loadCredential(state.credential);
    const session = await hub.connect(assignment, credential, signal);
    try {
      // A hub may answer just as the agent stops: such a session is closed again, not begun.
      signal.throwIfAborted();
      yield { name: 'opened' };
      await this.#confirm(credential, assignment);
      const services = (): Promise<readonly Service[]> =>
        sessionServices(session, assignment, credential, generation);
      const requestDueMs = requestDueAfterMs(state.history, this.#context());
      yield await this.#hold(session, services, requestDueMs, signal);
    } finally {
      await session.close();
    }
  }

  /** Runs what needs the session until it ends, is due for renewal, DPS is to be asked as requested, or the agent stops. */
  async #hold(
    session: HubSession,
    makeServices: () => Promise<readonly Service[]>,
    requestDueMs: number | undefined,
    signal: AbortSignal,
  ): Promise<Event> {
    const { clock, log } = this.#options;
    const openedAt = clock.monotonic();
    const renewal = alarm('renewal', session.renewAfterMs ?? Infinity, clock);
    const request = requestDueMs === undefined ? [] : [alarm('request', requestDueMs, clock)];
    try {
      const services = await makeServices();
      await runAll([...services, endOf(session), renewal, ...request], signal);
    } catch (thrown) {
      const error = cloudErrorIn(thrown);
      if (error === undefined) throw thrown;
      signal.throwIfAborted();
      return { name: 'lost', error, uptimeMs: clock.monotonic() - openedAt };
    }
    signal.throwIfAborted();
    if (renewal.isDue()) return { name: 'renewalDue' };
    if (request.some((each) => each.isDue())) {
      log.info('re-provisioning was requested, and DPS did not answer then: it is asked again');
      return { name: 'reprovision' };
    }
    throw new Error('cannot go on: a service of the session ended by itself');
  }

  #announce(state: State, event?: Event): void {
    const { clock, log, onState } = this.#options;
    this.#status = { state, sinceMs: clock.monotonic() };
    onState?.(state, event);
    switch (state.name) {
      case 'provisioning':
        log.info({ state: state.name }, `provisioning: ${this.#options.identity.doing}`);
        return;
      case 'connecting': {
        const { assignedHub: hub, deviceId: device } = state.assignment;
        log.info({ state: state.name, hub, device }, `connecting to ${hub} as ${device}`);
        return;
      }
      case 'connected': {
        const { assignedHub: hub, deviceId: device } = state.assignment;
        log.info({ state: state.name, hub, device }, `connected to ${hub} as ${device}`);
        return;
      }
      case 'waiting':
        this.#announceWait(state);
        return;
      case 'stopped':
        log.info({ state: state.name }, 'stopped');
        return;
    }
  }

  /** A wait says what led to it; where the other credential has its turn instead, nobody else would. */
  #tellRefusal(from: State, error: CloudError, to: State): void {
    if (!('credential' in from) || (to.name === 'waiting' && to.reason === error)) return;
    const { code, kind, remedy } = error;
    this.#options.log.warn(
      { code, kind, credential: from.credential },
      `the ${from.credential} credential is refused, and the other one has its turn: ${describeError(error)} [${code}] – ${remedy}`,
    );
  }

  #announceWait({ name, reason, delayMs, next }: State & { name: 'waiting' }): void {
    const { code, kind, remedy } = reason;
    const then = nextAttempt(next, this.#options.identity.source);
    this.#options.log.warn(
      { state: name, code, kind, delayMs: Math.round(delayMs), next },
      `waiting ${seconds(delayMs)} before ${then}: ${describeError(reason)} [${code}] – ${remedy}`,
    );
  }
}

function endOf(session: HubSession): Service {
  return {
    name: 'session',
    run: async (signal) => {
      const error = await untilStopped(session.closed, signal);
      if (error !== undefined) throw error;
    },
  };
}

type Alarm = Service & { isDue(): boolean };

/** Ends the session's services once they have lasted so long. */
function alarm(name: string, afterMs: number, clock: Clock): Alarm {
  let due = false;
  return {
    name,
    isDue: () => due,
    run: async (signal) => {
      await untilStopped(clock.sleep(afterMs, signal), signal);
      due = !signal.aborted;
    },
  };
}

/** The failure to go by when a session's services ended with errors; `undefined` if one of them was a bug. */
function cloudErrorIn(thrown: unknown): CloudError | undefined {
  const errors: unknown[] = thrown instanceof AggregateError ? thrown.errors : [thrown];
  const failures = errors.filter((error) => error instanceof CloudError);
  return failures.length === errors.length ? failures[0] : undefined;
}

function seconds(ms: number): string {
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`;
}
