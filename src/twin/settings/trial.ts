import { sameHubs, sameValues } from './saved-settings.ts';
import type { SavedSettings } from './saved-settings.ts';

/**
 * What of the connection's settings is in force. They are tried together: what worked is kept until the others have.
 *
 *   settled ──asked──► trying ──connected──► settled
 *                         └──expired, restarted twice──► reverted ──asked otherwise──► trying
 */
export type TrialState =
  | { readonly name: 'settled'; readonly confirmed: SavedSettings }
  | {
      readonly name: 'trying';
      readonly confirmed: SavedSettings;
      readonly wanted: SavedSettings;
      /** How often the agent was started since. */
      readonly restarts: number;
    }
  | {
      readonly name: 'reverted';
      readonly confirmed: SavedSettings;
      /** What did not work, and is not tried again as long as just that is asked for. */
      readonly refused: SavedSettings;
      readonly why: string;
    };

export type TrialEvent =
  /** By the twin, all of them together. */
  | { readonly name: 'asked'; readonly wanted: SavedSettings }
  /** A session has opened with what is in force, and the hub has taken a report in it. */
  | { readonly name: 'connected' }
  /** That has not come about within this time, as people write it. */
  | { readonly name: 'expired'; readonly within: string }
  | { readonly name: 'restarted' };

/** After a restart in the middle a trial has its whole time once more; then it has had its chance. */
const mostRestarts = 1;

export function transition(state: TrialState, event: TrialEvent): TrialState {
  switch (event.name) {
    case 'asked':
      return asked(state, event.wanted);
    case 'connected':
      return state.name === 'trying' ? { name: 'settled', confirmed: state.wanted } : state;
    case 'expired':
      return state.name === 'trying' ? reverted(state, `not connected within ${event.within}`) : state;
    case 'restarted':
      if (state.name !== 'trying') return state;
      return state.restarts < mostRestarts
        ? { ...state, restarts: state.restarts + 1 }
        : reverted(state, 'not connected before the agent was started twice more');
  }
}

export function inForce(state: TrialState): SavedSettings {
  return state.name === 'trying' ? state.wanted : state.confirmed;
}

/** The same state where nothing new is asked for, and by nobody else. */
function asked(state: TrialState, wanted: SavedSettings): TrialState {
  const { confirmed } = state;
  if (state.name === 'settled' && sameValues(wanted, confirmed))
    return sameHubs(wanted, confirmed) ? state : { ...state, confirmed: wanted };
  if (sameValues(wanted, lastAsked(state))) return state;
  if (sameValues(wanted, confirmed)) return { name: 'settled', confirmed };
  return { name: 'trying', confirmed, wanted, restarts: 0 };
}

function reverted({ confirmed, wanted }: TrialState & { name: 'trying' }, why: string): TrialState {
  return { name: 'reverted', confirmed, refused: wanted, why };
}

function lastAsked(state: TrialState): SavedSettings {
  switch (state.name) {
    case 'settled':
      return state.confirmed;
    case 'trying':
      return state.wanted;
    case 'reverted':
      return state.refused;
  }
}
