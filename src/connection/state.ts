/**
 * What the agent is doing about its connection, and what follows from how that ended. Pure: every rule of
 * reconnecting, re-provisioning and backing off is here and in no other place; docs/provisioning.md has them as a table.
 *
 *   provisioning ──assigned──► connecting ──opened──► connected ──renewalDue──► connecting
 *        └──────────failed─────────┴─────────lost─────────┤
 *                                                         ▼
 *             provisioning or connecting ◄──elapsed──  waiting          any state ──stop──► stopped
 *
 * The rules:
 * - network trouble: wait a little (exponential, jittered), then the same hub;
 * - every n-th failure in a row at one hub, or after m minutes of them: ask DPS, the device may have been moved (unless
 *   `dynamicReprovisioning` is off);
 * - refused by the hub: try the other credential, if there is one; refused with both: ask DPS, after a part of
 *   `reprovisionSpreadMs` that differs from device to device, so that a fleet that is moved does not come at once;
 * - failed before anything was sent, by the device's own key or certificate or at its proxy: the other credential, then
 *   wait long, and the same again;
 * - refused by DPS: the other credential; refused with both, or refused by the hub that DPS has just assigned: wait
 *   long, by the meaning of the refusal, then the hub last known;
 * - DPS in trouble: wait, never less than it asks for, then the hub last known;
 * - what somebody has requested is not forgotten for it: DPS is asked again after the long wait, out of a session if
 *   there is one by then;
 * - DPS is asked at most once a minute, three times in a row, whatever the reason (`RegistrationBudget`);
 * - only a session that lasted `stableAfterMs` proves health and clears the counters: neither an assignment nor a
 *   connect does, or two devices with one identity, or a device assigned to a hub that refuses it, would hammer both;
 * - ended by the hub within seconds again and again: another device uses this identity; named so, and waited out;
 * - another way to the cloud (transport, proxy) is tried at once, with the failures and the budget as they were; another
 *   DPS begins as a start does, and costs a registration even where its answer is known.
 */
import { CloudError, concernsCredential } from '../cloud-error.ts';
import type { FailureCode } from '../cloud-error.ts';
import { equalJitterMs, fullJitterMs } from '../lib/backoff.ts';
import type { BackoffLimits } from '../lib/backoff.ts';
import type { Random } from '../lib/random.ts';
import type { CredentialName } from '../provisioning/credential.ts';
import type { Assignment, Trigger } from '../provisioning/dps-client.ts';
import { refund, spend, untilAllowedMs } from './registration-budget.ts';
import type { RegistrationBudget } from './registration-budget.ts';

export type State =
  | { readonly name: 'provisioning'; readonly credential: CredentialName; readonly history: History }
  | ({ readonly name: 'connecting' } & AtHub)
  | ({ readonly name: 'connected' } & AtHub)
  | {
      readonly name: 'waiting';
      readonly delayMs: number;
      readonly reason: CloudError;
      readonly next: Next;
      readonly history: History;
    }
  | { readonly name: 'stopped' };

interface AtHub {
  readonly assignment: Assignment;
  readonly credential: CredentialName;
  readonly history: History;
}

type Next = 'provisioning' | 'connecting';

export type Event =
  | { readonly name: 'assigned'; readonly assignment: Assignment }
  /** There is an assignment for this credential after all: it could not be read when that was looked for. */
  | { readonly name: 'remembered'; readonly assignment: Assignment }
  | { readonly name: 'opened' }
  | { readonly name: 'failed'; readonly error: CloudError }
  | { readonly name: 'lost'; readonly error: CloudError; readonly uptimeMs: number }
  | { readonly name: 'renewalDue' }
  | { readonly name: 'elapsed' }
  /** Somebody wants DPS asked: an operator, the twin. */
  | { readonly name: 'reprovision' }
  /** There is another certificate to use from now on. */
  | { readonly name: 'credentialChanged' }
  /** The way to the hub is another one from now on. The session that this ends, if one does, had lasted so long. */
  | { readonly name: 'wayChanged'; readonly uptimeMs: number }
  /** Somebody else says from now on where the device belongs; what is known of that. */
  | ({ readonly name: 'sourceChanged' } & Known)
  /** DPS was asked by somebody else on this device, such as the trial of a certificate: one budget serves them all. */
  | { readonly name: 'askedBeside' }
  | { readonly name: 'stop' };

/** What has gone wrong since the last proof of health, and what is known all the same. */
export interface History {
  /** The hub to go back to: cached, or assigned since. */
  readonly known?: Assignment | undefined;
  /** The credential that last opened a session. */
  readonly working: CredentialName;
  /** Failures in a row with the hub, lost sessions included. */
  readonly hubFailures: number;
  /** When they began, monotonic; counted anew after DPS was asked for them. */
  readonly troubleSinceMs?: number | undefined;
  /** Failures in a row with DPS that were not refusals. */
  readonly dpsFailures: number;
  /** Refusals by hub or DPS that had to be waited out. */
  readonly refusals: number;
  /** Sessions in a row that the hub ended within `quickLossMs`. */
  readonly quickLosses: number;
  /** DPS has given an assignment since the last wait: a refusal now is not news to it. */
  readonly askedDps: boolean;
  /** The other credential was refused as well, by whoever is being asked now. */
  readonly otherRefused: boolean;
  readonly budget: RegistrationBudget;
  /** Why DPS was asked last, or will be next. */
  readonly trigger: Trigger;
  /** Somebody wanted DPS asked, and it has not answered: it is asked again out of the session that goes on meanwhile. */
  readonly requestOwed: boolean;
}

export interface Policy {
  readonly retry: BackoffLimits;
  readonly rejectedRetry: BackoffLimits;
  /** After this many failures in a row at one hub DPS is asked. */
  readonly reprovisionAfterFailures: number;
  /** Or after this long. */
  readonly reprovisionAfterMs: number;
  /** DPS is asked within this of a refusal by the hub. */
  readonly reprovisionSpreadMs: number;
  /** false: DPS is asked again only when the hub refuses the device. */
  readonly dynamicReprovisioning: boolean;
  /** A session this old proves health. */
  readonly stableAfterMs: number;
  /** In the order in which they are tried. */
  readonly credentials: readonly CredentialName[];
}

/** What a transition may look at besides state and event. */
export interface Context {
  readonly policy: Policy;
  readonly random: Random;
  /** Monotonic. */
  readonly nowMs: number;
}

/** A session ended by the hub before this age may have been pushed out by another device. */
export const quickLossMs = 15_000;
/** So many quick losses in a row are no accident. */
export const quickLossesUntilDuplicate = 3;

/** What is remembered of where the device belongs. */
export interface Known {
  readonly cached: Assignment | undefined;
  /** The credential for which it was cached. */
  readonly credential: CredentialName;
}

export interface Start extends Known {
  readonly alwaysReprovision: boolean;
  readonly budget: RegistrationBudget;
}

/** The state to start in: with a cached assignment DPS is not contacted, unless the configuration wants it asked. */
export function initialState(start: Start, context: Context): State {
  const { cached, credential, alwaysReprovision, budget } = start;
  const trigger = cached === undefined ? 'no cached assignment' : 'configured';
  const history = { ...nothingWrong, known: cached, working: credential, budget, trigger } as const;
  if (cached === undefined || alwaysReprovision) return askDps(history, context);
  return { name: 'connecting', assignment: cached, credential, history };
}

/** The state that follows. An event that a state does not expect leaves it as it is. */
export function transition(state: State, event: Event, context: Context): State {
  if (event.name === 'stop' || state.name === 'stopped') return { name: 'stopped' };
  if (event.name === 'reprovision') return onRequest(state, context);
  if (event.name === 'credentialChanged') return onCredential(state, context);
  if (event.name === 'wayChanged') return onWay(state, event.uptimeMs, context);
  if (event.name === 'sourceChanged') return onSource(state, event, context);
  if (event.name === 'askedBeside') return { ...state, history: afterAsking(state.history, context) };
  switch (state.name) {
    case 'provisioning':
      return fromProvisioning(state, event, context);
    case 'connecting':
      return fromConnecting(state, event, context);
    case 'connected':
      return fromConnected(state, event, context);
    case 'waiting':
      return event.name === 'elapsed' ? afterWaiting(state, context) : state;
  }
}

/** How long a session may last before DPS is asked again as somebody wished; `undefined` where nobody is waiting for that. */
export function requestDueAfterMs(history: History, { policy, random }: Context): number | undefined {
  if (!history.requestOwed) return undefined;
  return equalJitterMs(policy.rejectedRetry, Math.max(1, history.dpsFailures), random);
}

type In<Name extends State['name']> = Extract<State, { name: Name }>;

function onRequest(state: Exclude<State, { name: 'stopped' }>, context: Context): State {
  if (state.name === 'provisioning') return state;
  return askDps({ ...state.history, trigger: 'requested', otherRefused: false }, context);
}

/** What is under way begins again with it: a session is replaced, a wait is over. */
function onCredential(state: Exclude<State, { name: 'stopped' }>, context: Context): State {
  switch (state.name) {
    case 'provisioning':
    case 'connecting':
      return state;
    case 'connected':
      return { ...state, name: 'connecting', history: healthy(state.history) };
    case 'waiting':
      return afterWaiting(state, context);
  }
}

/**
 * What is under way begins again by the other way, and a wait is over: the same hub, with the same failures behind it. A
 * registration that waits for the budget goes on waiting; one that was only to find out why the hub could not be reached has
 * its answer, perhaps, in the way.
 */
function onWay(state: Exclude<State, { name: 'stopped' }>, uptimeMs: number, context: Context): State {
  switch (state.name) {
    case 'provisioning': {
      const { known, working, trigger } = state.history;
      if (known === undefined || trigger !== 'failures at the hub') return state;
      return { name: 'connecting', assignment: known, credential: working, history: state.history };
    }
    case 'connecting':
      return state;
    case 'connected': {
      const isStable = uptimeMs >= context.policy.stableAfterMs;
      return { ...state, name: 'connecting', history: isStable ? healthy(state.history) : state.history };
    }
    case 'waiting': {
      const { history, next, reason } = state;
      const { known, working } = history;
      const isOwed = next === 'provisioning' && reason.code === 'DPS-BUDGET';
      if (known === undefined || isOwed) return askDps(history, context);
      return { name: 'connecting', assignment: known, credential: working, history };
    }
  }
}

/**
 * As a start is: what went wrong with another DPS and its hub says nothing here. A known answer costs as much of the budget
 * as asking would, or two hubs whose twins each name the other's DPS would pass the device to and fro without end.
 */
function onSource(state: Exclude<State, { name: 'stopped' }>, known: Known, context: Context): State {
  const { cached, credential } = known;
  const { budget } = state.history;
  const paid = cached === undefined ? undefined : spend(budget, context.nowMs);
  const begun = initialState(
    { cached, credential, alwaysReprovision: false, budget: paid ?? budget },
    context,
  );
  if (begun.name !== 'connecting' || paid !== undefined) return begun;
  return waitForBudget('go over to the hub of another DPS already', 'connecting', begun.history, context);
}

function fromProvisioning(state: In<'provisioning'>, event: Event, context: Context): State {
  const { credential } = state;
  if (event.name === 'assigned') {
    const { assignment } = event;
    const history: History = {
      ...state.history,
      known: assignment,
      askedDps: true,
      otherRefused: false,
      requestOwed: false,
    };
    return { name: 'connecting', assignment, credential, history };
  }
  if (event.name === 'remembered') {
    const { assignment } = event;
    const history = { ...refunded(state.history, context), known: assignment, working: credential };
    return { name: 'connecting', assignment, credential, history };
  }
  if (event.name !== 'failed') return state;
  const { error } = event;
  const history = reachedDps(error) ? state.history : refunded(state.history, context);
  const next = history.known === undefined ? 'provisioning' : 'connecting';
  if (error.kind === 'transient') {
    const requestOwed = history.requestOwed || history.trigger === 'requested';
    return retryDps(error, next, { ...history, requestOwed }, context);
  }
  const other = otherCredential(credential, error, history, context.policy);
  if (other !== undefined) return askDps({ ...history, otherRefused: true }, context, other);
  return waitLong(error, next, { ...history, requestOwed: false }, context);
}

function fromConnecting(state: In<'connecting'>, event: Event, context: Context): State {
  const { assignment, credential, history } = state;
  if (event.name === 'opened') {
    return {
      name: 'connected',
      assignment,
      credential,
      history: { ...history, working: credential, otherRefused: false },
    };
  }
  if (event.name !== 'failed') return state;
  const { error } = event;
  if (error.kind === 'transient') return retryHub(error, history, context);
  const other = otherCredential(credential, error, history, context.policy);
  if (other !== undefined) {
    return { name: 'connecting', assignment, credential: other, history: { ...history, otherRefused: true } };
  }
  if (isOurOwn(error)) return waitLong(error, 'connecting', history, context);
  if (history.askedDps) return waitLong(error, 'provisioning', history, context);
  const refused: History = { ...history, trigger: 'refused by the hub', otherRefused: false };
  const spreadMs = context.random() * context.policy.reprovisionSpreadMs;
  return spreadMs < 1 ? askDps(refused, context) : waiting(spreadMs, error, 'provisioning', refused);
}

function fromConnected(state: In<'connected'>, event: Event, context: Context): State {
  const { assignment, credential } = state;
  if (event.name === 'renewalDue') {
    return { name: 'connecting', assignment, credential, history: healthy(state.history) };
  }
  if (event.name !== 'lost') return state;
  const { error, uptimeMs } = event;
  const before = uptimeMs >= context.policy.stableAfterMs ? healthy(state.history) : state.history;
  const quick = error.code === 'HUB-CLOSED' && uptimeMs < quickLossMs;
  const history = { ...before, quickLosses: quick ? state.history.quickLosses + 1 : 0 };
  if (history.quickLosses >= quickLossesUntilDuplicate) return waitOutDuplicate(error, history, context);
  return retryHub(error, history, context);
}

function afterWaiting({ next, history }: In<'waiting'>, context: Context): State {
  const { known, working } = history;
  const rested = { ...history, askedDps: false, otherRefused: false };
  if (next === 'provisioning' || known === undefined) return askDps(rested, context);
  return { name: 'connecting', assignment: known, credential: working, history: rested };
}

/** With the first credential, unless another is named: it may have been mended since the second had to serve. */
function askDps(history: History, context: Context, named?: CredentialName): State {
  const budget = spend(history.budget, context.nowMs);
  if (budget === undefined) return waitForBudget('ask DPS again already', 'provisioning', history, context);
  const credential = named ?? context.policy.credentials[0] ?? 'primary';
  return { name: 'provisioning', credential, history: { ...history, budget } };
}

function waitForBudget(doing: string, next: Next, history: History, context: Context): State {
  const { policy, random, nowMs } = context;
  const delayMs = untilAllowedMs(history.budget, nowMs) + random() * policy.retry.maximumMs;
  return waiting(delayMs, new CloudError('DPS-BUDGET', doing), next, history);
}

function otherCredential(
  refused: CredentialName,
  error: CloudError,
  history: History,
  { credentials }: Policy,
): CredentialName | undefined {
  if (history.otherRefused || !concernsCredential(error.code)) return undefined;
  return credentials.find((name) => name !== refused);
}

function healthy({ known, working, budget, trigger, requestOwed }: History): History {
  return { ...nothingWrong, known, working, budget, trigger, requestOwed };
}

const nothingWrong = {
  hubFailures: 0,
  dpsFailures: 0,
  refusals: 0,
  quickLosses: 0,
  askedDps: false,
  otherRefused: false,
  requestOwed: false,
} as const;

function retryDps(error: CloudError, next: Next, before: History, { policy, random }: Context): State {
  const dpsFailures = before.dpsFailures + 1;
  const delayMs = fullJitterMs(policy.retry, dpsFailures + before.hubFailures, random);
  return waiting(delayMs, error, next, { ...before, dpsFailures });
}

function retryHub(error: CloudError, before: History, { policy, random, nowMs }: Context): State {
  const hubFailures = before.hubFailures + 1;
  const troubleSinceMs = before.troubleSinceMs ?? nowMs;
  const longEnough = nowMs - troubleSinceMs >= policy.reprovisionAfterMs;
  const oftenEnough = hubFailures % policy.reprovisionAfterFailures === 0;
  const delayMs = fullJitterMs(policy.retry, hubFailures + before.dpsFailures, random);
  if (!policy.dynamicReprovisioning || !(longEnough || oftenEnough)) {
    return waiting(delayMs, error, 'connecting', { ...before, hubFailures, troubleSinceMs });
  }
  const asking: History = { ...before, hubFailures, troubleSinceMs: nowMs, trigger: 'failures at the hub' };
  return waiting(delayMs, error, 'provisioning', asking);
}

function waitLong(error: CloudError, next: Next, before: History, { policy, random }: Context): State {
  const refusals = before.refusals + 1;
  const delayMs = equalJitterMs(limitsFor(error, policy.rejectedRetry), refusals, random);
  return waiting(delayMs, error, next, { ...before, refusals });
}

/** How long by what a refusal means: a bad credential may be mended any minute, an operator's decision takes longer. */
function limitsFor({ code }: CloudError, { initialMs, maximumMs }: BackoffLimits): BackoffLimits {
  if (mendable.has(code)) return { initialMs, maximumMs: initialMs };
  if (decided.has(code)) return { initialMs: Math.min(3 * initialMs, maximumMs), maximumMs };
  return { initialMs, maximumMs };
}

const mendable: ReadonlySet<FailureCode> = new Set([
  'DPS-401',
  'DPS-CONNACK-4',
  'DPS-CONNACK-5',
  'KEY-UNUSABLE',
  'PROXY-407',
]);
const decided: ReadonlySet<FailureCode> = new Set(['DPS-DISABLED', 'DPS-UNASSIGNED']);

/**
 * Starts above the longest wait for a network and grows to the longest of all: each device gets its turn, and two of
 * them together connect less than four times a minute.
 */
function waitOutDuplicate(cause: CloudError, history: History, { policy, random }: Context): State {
  const error = new CloudError('DUPLICATE-IDENTITY', 'keep a session with the hub', { cause });
  const initialMs = 2 * policy.retry.maximumMs;
  const limits = { initialMs, maximumMs: Math.max(initialMs, policy.rejectedRetry.maximumMs) };
  const times = history.quickLosses - quickLossesUntilDuplicate + 1;
  return waiting(equalJitterMs(limits, times, random), error, 'connecting', history);
}

/** The service's own wish comes before the jitter: a fleet told to wait as long would otherwise come back as one. */
function waiting(delayMs: number, reason: CloudError, next: Next, history: History): State {
  return { name: 'waiting', delayMs: (reason.retryAfterMs ?? 0) + delayMs, reason, next, history };
}

function afterAsking(history: History, { nowMs }: Context): History {
  return { ...history, budget: spend(history.budget, nowMs) ?? history.budget };
}

function refunded(history: History, { nowMs }: Context): History {
  return { ...history, budget: refund(history.budget, nowMs) };
}

/** Whether it failed on the device, or at its proxy: the hub has refused nothing, and DPS could not help. */
function isOurOwn({ code }: CloudError): boolean {
  return code.startsWith('CERT-') || code === 'KEY-UNUSABLE' || code === 'PROXY-407';
}

/** Whether a failed registration may have cost DPS anything. */
export function reachedDps({ code }: CloudError): boolean {
  return code.startsWith('DPS-');
}
