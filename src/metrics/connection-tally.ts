import type { TrialStep } from '../connection/connection.ts';
import type { Event, State } from '../connection/state.ts';
import type { Clock } from '../lib/clock.ts';

/** `starting` until the machine's clock has been looked at. */
export const connectionStates = [
  'starting',
  'provisioning',
  'connecting',
  'connected',
  'waiting',
  'stopped',
] as const satisfies readonly ('starting' | State['name'])[];

export type ConnectionState = (typeof connectionStates)[number];

/** Since the start. Outcomes and causes are error codes, or words for what is no error. */
export interface ConnectionFigures {
  readonly state: ConnectionState;
  /** Up to now, the state that it is in included. */
  readonly msIn: Readonly<Record<ConnectionState, number>>;
  readonly sessions: number;
  readonly reconnects: Readonly<Record<string, number>>;
  readonly registrations: Readonly<Record<string, number>>;
  readonly attempts: Readonly<Record<string, number>>;
}

/** What ends a session, or breaks off an attempt, without being an error. */
const words: Readonly<Partial<Record<Event['name'], string>>> = {
  renewalDue: 'token-renewal',
  reprovision: 'reprovisioning',
  credentialChanged: 'credential-changed',
  wayChanged: 'settings-changed',
  sourceChanged: 'settings-changed',
};

/** Counts what becomes of the connection, told of each state as it is entered and of the event that led there. */
export class ConnectionTally {
  readonly #clock: Pick<Clock, 'monotonic'>;
  #state: ConnectionState = 'starting';
  #sinceMs: number;
  #sessions = 0;
  readonly #msIn: Record<ConnectionState, number> = {
    starting: 0,
    provisioning: 0,
    connecting: 0,
    connected: 0,
    waiting: 0,
    stopped: 0,
  };
  readonly #reconnects = new Map<string, number>();
  readonly #registrations = new Map([['assigned', 0]]);
  readonly #attempts = new Map([['opened', 0]]);

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
    this.#sinceMs = clock.monotonic();
  }

  /** @param event absent for the state that the connection begins with */
  entered({ name }: State, event?: Event): void {
    if (event !== undefined && event.name !== 'stop') this.#account(this.#state, event);
    if (name === 'connected' && this.#state !== 'connected') this.#sessions += 1;
    const now = this.#clock.monotonic();
    this.#msIn[this.#state] += now - this.#sinceMs;
    [this.#state, this.#sinceMs] = [name, now];
  }

  /** What the trial of a certificate did beside the connection is a registration, an attempt and a session like any other. */
  tried(doing: TrialStep, event: Event): void {
    this.#account(doing, event);
    if (event.name === 'opened') this.#sessions += 1;
  }

  get figures(): ConnectionFigures {
    const passedMs = this.#clock.monotonic() - this.#sinceMs;
    return {
      state: this.#state,
      msIn: { ...this.#msIn, [this.#state]: this.#msIn[this.#state] + passedMs },
      sessions: this.#sessions,
      reconnects: Object.fromEntries(this.#reconnects),
      registrations: Object.fromEntries(this.#registrations),
      attempts: Object.fromEntries(this.#attempts),
    };
  }

  /** Whatever happens in a state ends what was being done there. */
  #account(state: ConnectionState, event: Event): void {
    switch (state) {
      case 'provisioning':
        // Nobody was asked.
        if (event.name === 'remembered') return;
        add(this.#registrations, event.name === 'assigned' ? 'assigned' : outcomeOf(event));
        return;
      case 'connecting':
        add(this.#attempts, event.name === 'opened' ? 'opened' : outcomeOf(event));
        return;
      case 'connected':
        add(this.#reconnects, outcomeOf(event));
        return;
      case 'starting':
      case 'waiting':
      case 'stopped':
        return;
    }
  }
}

function outcomeOf(event: Event): string {
  if (event.name === 'failed' || event.name === 'lost') return event.error.code;
  return words[event.name] ?? event.name;
}

function add(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
