import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import { inScope } from '../../lib/scope.ts';
import type { Service } from '../../lib/service.ts';
import type { SettingsStore } from './settings-store.ts';
import { transition } from './trial.ts';
import type { TrialState } from './trial.ts';

export interface SettingsTrialOptions {
  readonly store: SettingsStore;
  /** How long a trial may take, in milliseconds. */
  readonly confirmMs: () => number;
  /** Has the connection opened anew with the settings then in force. */
  readonly onReconnect: (why: string) => void;
  /** As people write it: `5m`. */
  readonly formatDuration: (ms: number) => string;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Gives every trial of connection settings its time on the monotonic clock, and goes back to what worked when it is over.
 * Runs as long as the agent, since the settings on trial may be those with which there is no session.
 */
export class SettingsTrial implements Service {
  readonly name = 'settings trial';
  readonly #options: SettingsTrialOptions;

  constructor(options: SettingsTrialOptions) {
    this.#options = options;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { store, confirmMs } = this.#options;
    while (!signal.aborted) {
      await store.changed.until(() => store.state.connection.name === 'trying', signal);
      const trial = store.state.connection;
      if (trial.name !== 'trying') continue;
      const ms = confirmMs();
      if (await this.#outlasts(trial, ms, signal)) await this.#revert(trial, ms);
    }
  }

  /** Whether the trial is still going on after that time. */
  async #outlasts(trial: TrialState, ms: number, signal: AbortSignal): Promise<boolean> {
    const { store, clock } = this.#options;
    const isOver = (): boolean => store.state.connection !== trial;
    await inScope(signal, async (scope) => {
      const timer = clock.sleep(ms, scope.signal).catch(() => undefined);
      await Promise.race([timer, store.changed.until(isOver, scope.signal)]);
    });
    return !isOver() && !signal.aborted;
  }

  async #revert(trial: TrialState, ms: number): Promise<void> {
    const { store, onReconnect, formatDuration, log } = this.#options;
    const within = formatDuration(ms);
    await store.update(
      (state) =>
        state.connection === trial
          ? { ...state, connection: transition(trial, { name: 'expired', within }) }
          : state,
      'in any case',
    );
    if (store.state.connection.name !== 'reverted') return;
    const why = `not connected within ${within} with the settings of the connection from the twin`;
    log.warn(`${why}: back to those that worked`);
    onReconnect(why);
  }
}
