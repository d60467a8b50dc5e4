/**
 * What the agent is doing about its connection, and what follows from how that ended. Pure: every rule of
 * reconnecting, re-provisioning and backing off is here and in no other place.
 *
 *   provisioning ──assigned──► connecting ──opened──► connected ──renewalDue──► connecting
 *        └──────────failed─────────┴─────────lost─────────┤
 *                                                         ▼
 *             provisioning or connecting ◄──elapsed──  waiting          any state ──stop──► stopped
 *
 * The rules:
 * - network trouble: wait a little (exponential, jittered, the service's retry-after a floor), then the same hub;
 * - every n-th failure in a row at one hub: ask DPS, the device may have been moved (unless `dynamicReprovisioning` is off);
 * - refused by the hub: ask DPS at once; refused again by either before any wait: wait long, then try again;
 * - DPS in trouble or refusing: the hub last known is tried again after the wait;
 * - only a session that lasted `stableAfterMs` proves health and clears the counters: neither an assignment nor a
 *   connect does, or two devices with one identity, or a device assigned to a hub that refuses it, would hammer both;
 * - ended by the hub within seconds again and again: another device uses this identity; named so, and waited out.
 */
import { CloudError } from '../cloud-error.ts';
import { equalJitterMs, fullJitterMs } from '../lib/backoff.ts';
import type { BackoffLimits } from '../lib/backoff.ts';
import type { Random } from '../lib/random.ts';
import type { Assignment } from '../provisioning/dps-client.ts';

export type State =
  | { readonly name: 'provisioning'; readonly history: History }
  | { readonly name: 'connecting'; readonly assignment: Assignment; readonly history: History }
  | { readonly name: 'connected'; readonly assignment: Assignment; readonly history: History }
  | {
      readonly name: 'waiting';
      readonly delayMs: number;
      readonly reason: CloudError;
      readonly next: 'provisioning' | 'connecting';
      readonly history: History;
    }
  | { readonly name: 'stopped' };

export type Event =
  | { readonly name: 'assigned'; readonly assignment: Assignment }
  | { readonly name: 'opened' }
  | { readonly name: 'failed'; readonly error: CloudError }
  | { readonly name: 'lost'; readonly error: CloudError; readonly uptimeMs: number }
  | { readonly name: 'renewalDue' }
  | { readonly name: 'elapsed' }
  | { readonly name: 'stop' };

/** What has gone wrong since the last proof of health. */
export interface History {
  /** The hub to go back to: cached, or assigned since. */
  readonly known?: Assignment | undefined;
  /** Failures in a row with the hub, lost sessions included. */
  readonly hubFailures: number;
  /** Failures in a row with DPS that were not refusals. */
  readonly dpsFailures: number;
  /** Refusals by hub or DPS that had to be waited out. */
  readonly refusals: number;
  /** Sessions in a row that the hub ended within `quickLossMs`. */
  readonly quickLosses: number;
  /** DPS has given an assignment since the last wait: a refusal now is not news to it. */
  readonly askedDps: boolean;
}

export interface Policy {
  readonly retry: BackoffLimits;
  readonly rejectedRetry: BackoffLimits;
  /** After this many failures in a row at one hub DPS is asked. */
  readonly reprovisionAfterFailures: number;
  /** false: DPS is asked again only when the hub refuses the device. */
  readonly dynamicReprovisioning: boolean;
  /** A session this old proves health. */
  readonly stableAfterMs: number;
}

/** A session ended by the hub before this age may have been pushed out by another device. */
export const quickLossMs = 15_000;
/** So many quick losses in a row are no accident. */
export const quickLossesUntilDuplicate = 3;

const healthy: History = { hubFailures: 0, dpsFailures: 0, refusals: 0, quickLosses: 0, askedDps: false };

/** The state to start in: with a cached assignment DPS is not contacted, unless the configuration wants it asked. */
export function initialState(cached: Assignment | undefined, alwaysReprovision: boolean): State {
  const history = { ...healthy, known: cached };
  if (cached === undefined || alwaysReprovision) return { name: 'provisioning', history };
  return { name: 'connecting', assignment: cached, history };
}

/** The state that follows. An event that a state does not expect leaves it as it is. */
export function transition(state: State, event: Event, policy: Policy, random: Random): State {
  if (event.name === 'stop') return { name: 'stopped' };
  switch (state.name) {
    case 'provisioning':
      return fromProvisioning(state, event, policy, random);
    case 'connecting':
      return fromConnecting(state, event, policy, random);
    case 'connected':
      return fromConnected(state, event, policy, random);
    case 'waiting':
      return event.name === 'elapsed' ? afterWaiting(state) : state;
    case 'stopped':
      return state;
  }
}

type In<Name extends State['name']> = State & { readonly name: Name };

function fromProvisioning(state: In<'provisioning'>, event: Event, policy: Policy, random: Random): State {
  const { history } = state;
  if (event.name === 'assigned') {
    const { assignment } = event;
    return { name: 'connecting', assignment, history: { ...history, known: assignment, askedDps: true } };
  }
  if (event.name !== 'failed') return state;
  const next = history.known === undefined ? 'provisioning' : 'connecting';
  if (event.error.kind === 'rejected') return waitLong(event.error, next, history, policy, random);
  const dpsFailures = history.dpsFailures + 1;
  const delayMs = fullJitterMs(policy.retry, dpsFailures + history.hubFailures, random);
  return waiting(delayMs, event.error, next, { ...history, dpsFailures });
}

function fromConnecting(state: In<'connecting'>, event: Event, policy: Policy, random: Random): State {
  const { assignment, history } = state;
  if (event.name === 'opened') return { name: 'connected', assignment, history };
  if (event.name !== 'failed') return state;
  if (event.error.kind === 'transient') return retryHub(event.error, history, policy, random);
  if (!history.askedDps) return { name: 'provisioning', history };
  return waitLong(event.error, 'provisioning', history, policy, random);
}

function fromConnected(state: In<'connected'>, event: Event, policy: Policy, random: Random): State {
  const { assignment } = state;
  if (event.name === 'renewalDue')
    return { name: 'connecting', assignment, history: { ...healthy, known: assignment } };
  if (event.name !== 'lost') return state;
  const { error, uptimeMs } = event;
  const wasStable = uptimeMs >= policy.stableAfterMs;
  const quick = error.code === 'HUB-CLOSED' && uptimeMs < quickLossMs;
  const history = {
    ...(wasStable ? { ...healthy, known: assignment } : state.history),
    quickLosses: quick ? state.history.quickLosses + 1 : 0,
  };
  if (history.quickLosses >= quickLossesUntilDuplicate)
    return waitOutDuplicate(error, history, policy, random);
  return retryHub(error, history, policy, random);
}

function afterWaiting({ next, history }: In<'waiting'>): State {
  const { known } = history;
  const rested = { ...history, askedDps: false };
  if (next === 'connecting' && known !== undefined)
    return { name: 'connecting', assignment: known, history: rested };
  return { name: 'provisioning', history: rested };
}

function retryHub(error: CloudError, before: History, policy: Policy, random: Random): State {
  const hubFailures = before.hubFailures + 1;
  const history = { ...before, hubFailures };
  const mayHaveMoved = policy.dynamicReprovisioning && hubFailures % policy.reprovisionAfterFailures === 0;
  const delayMs = fullJitterMs(policy.retry, hubFailures + history.dpsFailures, random);
  return waiting(delayMs, error, mayHaveMoved ? 'provisioning' : 'connecting', history);
}

function waitLong(
  error: CloudError,
  next: 'provisioning' | 'connecting',
  before: History,
  policy: Policy,
  random: Random,
): State {
  const refusals = before.refusals + 1;
  return waiting(equalJitterMs(policy.rejectedRetry, refusals, random), error, next, { ...before, refusals });
}

/** Starts where network trouble ends and grows to the longest wait: neither device gets a session meanwhile, and both ask seldom. */
function waitOutDuplicate(cause: CloudError, history: History, policy: Policy, random: Random): State {
  const error = new CloudError('DUPLICATE-IDENTITY', 'keep a session with the hub', { cause });
  const limits = {
    initialMs: policy.retry.maximumMs,
    maximumMs: Math.max(policy.retry.maximumMs, policy.rejectedRetry.maximumMs),
  };
  const times = history.quickLosses - quickLossesUntilDuplicate + 1;
  return waiting(equalJitterMs(limits, times, random), error, 'connecting', history);
}

function waiting(
  delayMs: number,
  reason: CloudError,
  next: 'provisioning' | 'connecting',
  history: History,
): State {
  return { name: 'waiting', delayMs: Math.max(delayMs, reason.retryAfterMs ?? 0), reason, next, history };
}
