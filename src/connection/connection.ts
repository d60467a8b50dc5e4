import { CloudError } from '../cloud-error.ts';
import type { Clock } from '../lib/clock.ts';
import { untilStopped } from '../lib/deadline.ts';
import { describeError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Random } from '../lib/random.ts';
import { runAll } from '../lib/service.ts';
import type { Service } from '../lib/service.ts';
import type { Credential } from '../provisioning/credential.ts';
import type { Assignment } from '../provisioning/dps-client.ts';
import type { HubClient, HubSession } from './hub-client.ts';
import { initialState, transition } from './state.ts';
import type { Event, Policy, State } from './state.ts';

/** Makes the services that live as long as one session: the sender, the twin. */
export type SessionServices = (session: HubSession, assignment: Assignment) => Promise<readonly Service[]>;

export interface ConnectionOptions {
  readonly hub: HubClient;
  readonly provisioner: {
    cached(credential: Credential): Promise<Assignment | undefined>;
    register(credential: Credential, signal: AbortSignal): Promise<Assignment>;
  };
  readonly loadCredential: () => Promise<Credential>;
  readonly sessionServices: SessionServices;
  readonly policy: Policy;
  readonly alwaysReprovisionOnStartup: boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/**
 * Keeps the device connected: a loop with one `await`, which does what the state says and hands the outcome to
 * `transition`. Runs until its signal is aborted; rejects only on a bug.
 */
export class Connection implements Service {
  readonly name = 'connection';
  readonly #options: ConnectionOptions;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { policy, random } = this.#options;
    let state = await this.#start();
    this.#announce(state);
    while (state.name !== 'stopped') {
      for await (const event of this.#perform(state, signal)) {
        state = transition(state, event, policy, random);
        this.#announce(state);
      }
    }
  }

  async #start(): Promise<State> {
    const { alwaysReprovisionOnStartup } = this.#options;
    return initialState(await this.#cached(), alwaysReprovisionOnStartup);
  }

  async #cached(): Promise<Assignment | undefined> {
    const { provisioner, loadCredential } = this.#options;
    try {
      return await provisioner.cached(await loadCredential());
    } catch (error) {
      // Without a usable credential there is no telling what the cache is for; the first attempt will say what is wrong.
      if (error instanceof CloudError) return undefined;
      throw error;
    }
  }

  /** What happens in a state: one event, or for a session two, its beginning and its end. */
  async *#perform(state: State, signal: AbortSignal): AsyncGenerator<Event, void, undefined> {
    try {
      signal.throwIfAborted();
      switch (state.name) {
        case 'provisioning':
          yield await this.#provision(signal);
          return;
        case 'connecting':
          yield* this.#session(state.assignment, signal);
          return;
        case 'waiting':
          await this.#options.clock.sleep(state.delayMs, signal);
          yield { name: 'elapsed' };
          return;
        case 'connected':
        case 'stopped':
          throw new Error(
            `cannot begin in state ${state.name}: only a session leads there, and only out of it`,
          );
      }
    } catch (error) {
      if (signal.aborted) yield { name: 'stop' };
      else if (error instanceof CloudError) yield { name: 'failed', error };
      else throw error;
    }
  }

  async #provision(signal: AbortSignal): Promise<Event> {
    const { provisioner, loadCredential } = this.#options;
    const assignment = await provisioner.register(await loadCredential(), signal);
    return { name: 'assigned', assignment };
  }

  async *#session(assignment: Assignment, signal: AbortSignal): AsyncGenerator<Event, void, undefined> {
    const session = await this.#options.hub.connect(assignment, await this.#options.loadCredential(), signal);
    try {
      // A hub may answer just as the agent stops: such a session is closed again, not begun.
      signal.throwIfAborted();
      yield { name: 'opened' };
      yield await this.#hold(session, assignment, signal);
    } finally {
      await session.close();
    }
  }

  /** Runs what needs the session until it ends, is due for renewal, or the agent stops. */
  async #hold(session: HubSession, assignment: Assignment, signal: AbortSignal): Promise<Event> {
    const { clock, sessionServices } = this.#options;
    const openedAt = clock.monotonic();
    const renewal = renewalOf(session, clock);
    try {
      const services = await sessionServices(session, assignment);
      await runAll([...services, endOf(session), renewal], signal);
      if (signal.aborted) return { name: 'stop' };
      if (renewal.isDue()) return { name: 'renewalDue' };
      throw new Error('cannot go on: a service of the session ended by itself');
    } catch (thrown) {
      const error = cloudErrorIn(thrown);
      if (error === undefined) throw thrown;
      if (signal.aborted) return { name: 'stop' };
      return { name: 'lost', error, uptimeMs: clock.monotonic() - openedAt };
    }
  }

  #announce(state: State): void {
    const { log } = this.#options;
    switch (state.name) {
      case 'provisioning':
        log.info({ state: state.name }, 'provisioning: asking DPS which hub this device belongs to');
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

  #announceWait({ name, reason, delayMs, next }: State & { name: 'waiting' }): void {
    const { code, kind, remedy } = reason;
    const then = next === 'provisioning' ? 'asking DPS' : 'trying the hub again';
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

function renewalOf({ renewAfterMs }: HubSession, clock: Clock): Service & { isDue(): boolean } {
  let due = false;
  return {
    name: 'renewal',
    isDue: () => due,
    run: async (signal) => {
      await untilStopped(clock.sleep(renewAfterMs ?? Infinity, signal), signal);
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
