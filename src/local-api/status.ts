import type { TelemetryStatus } from '../device-telemetry.ts';
import type { ClockCondition } from '../clock-sync/condition.ts';
import type { ConnectionStatus } from '../connection/connection.ts';
import type { State } from '../connection/state.ts';
import type { Clock } from '../lib/clock.ts';
import { describeError } from '../lib/errors.ts';
import type { MessagesStatus } from '../messages/counts.ts';
import type { CredentialName } from '../provisioning/credential.ts';
import type { Assignment, Trigger } from '../provisioning/dps-client.ts';
import type { TaskRecord } from '../tasks/task.ts';
import type { RecentError } from '../twin/reported/last-error.ts';
import type { UsageReport } from './usage-meter.ts';

/** The answer to `GET /v1/status`: what the agent is doing, without secrets. Times are ISO 8601, by its machine's clock. */
export interface AgentStatus {
  readonly agent: { readonly version: string; readonly pid: number; readonly startedAt: string };
  readonly state: StateReport;
  readonly identity: IdentityReport;
  /** Of the certificates in use; days are whole, below zero once one has expired. */
  readonly certificates: readonly { readonly name: CredentialName; readonly daysLeft: number }[];
  readonly clock: Pick<ClockCondition, 'state' | 'reason' | 'offsetMs'>;
  readonly queue: QueueReport;
  readonly inputs: TelemetryStatus['inputs'];
  readonly telemetry: TelemetryReport;
  /** Cloud-to-device messages since the start, and those that wait to be handled. */
  readonly messages: MessagesStatus;
  /** Under way or waiting for their turn, the latest first. */
  readonly tasks: readonly TaskReport[];
  /**
   * Why the connection had to wait since the start of the agent, and how the run before ended if not in order; once for each
   * code, the latest first.
   */
  readonly errors: readonly ErrorReport[];
  readonly resources: UsageReport;
}

type TaskReport = Pick<TaskRecord, 'correlationId' | 'command' | 'state' | 'createdAt' | 'startedAt'>;

export interface ErrorReport extends Pick<RecentError, 'code' | 'reason' | 'remedy' | 'times'> {
  readonly firstAt: string;
  readonly lastAt: string;
}

/** Messages held, and those dropped since the start by reason. */
export interface QueueReport extends Pick<
  TelemetryStatus['queue'],
  'priorities' | 'storage' | 'trouble' | 'diskBytesWritten'
> {
  readonly depth: number;
  /** When the oldest of them was made. */
  readonly oldestAt?: string | undefined;
  readonly dropped: Readonly<Record<string, number>>;
  readonly droppedByPriority: TelemetryStatus['queue']['dropped'];
}

/** Since the start: messages sent, those of them acknowledged, and bytes on the wire, everything included. */
export interface TelemetryReport extends Pick<
  TelemetryStatus,
  'sent' | 'acknowledged' | 'refused' | 'budget'
> {
  readonly wireBytes: WireBytes;
}

interface WireBytes {
  readonly sent: number;
  readonly received: number;
}

export interface StateReport {
  /** `starting` until the machine's clock has been looked at. */
  readonly name: 'starting' | State['name'];
  readonly since: string;
  /** The hub of the session, or the one last known. */
  readonly hub?: string | undefined;
  readonly device?: string | undefined;
  /** While waiting: what went wrong, what to do, when it is tried again and with whom. */
  readonly code?: string;
  readonly reason?: string;
  readonly remedy?: string;
  readonly nextAttemptAt?: string;
  readonly next?: 'provisioning' | 'connecting';
}

interface IdentityReport {
  readonly source: 'dps' | 'manual';
  /** The one in use; while waiting, the one that last opened a session. */
  readonly credential?: CredentialName | undefined;
  readonly assignedAt?: string | undefined;
  readonly trigger?: Trigger | undefined;
}

export interface StatusParts {
  readonly version: string;
  readonly pid: number;
  /** On the monotonic clock. */
  readonly startedMs: number;
  readonly connection: ConnectionStatus;
  readonly source: 'dps' | 'manual';
  readonly credentials: {
    readonly names: readonly CredentialName[];
    daysLeft(name: CredentialName): number | undefined;
  };
  readonly clockCondition: ClockCondition;
  readonly telemetry: TelemetryStatus;
  readonly wire: WireBytes;
  readonly messages: MessagesStatus;
  readonly tasks: readonly TaskRecord[];
  readonly errors: readonly RecentError[];
  readonly usage: UsageReport;
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
}

export function agentStatus(parts: StatusParts): AgentStatus {
  const { version, pid, startedMs, connection, source, credentials, clockCondition, clock } = parts;
  const { queue, inputs, sent, acknowledged, refused, budget } = parts.telemetry;
  // Told from how long ago it was: a clock that has been set since does not falsify it.
  const wallTime = (monotonicMs: number): string =>
    new Date(clock.now().getTime() + monotonicMs - clock.monotonic()).toISOString();
  const { state: name, reason, offsetMs } = clockCondition;
  return {
    agent: { version, pid, startedAt: wallTime(startedMs) },
    state: stateReport(connection, wallTime),
    identity: { source, ...identityReport(connection.state) },
    certificates: credentials.names.flatMap((each) => {
      const daysLeft = credentials.daysLeft(each);
      return daysLeft === undefined ? [] : [{ name: each, daysLeft }];
    }),
    clock: { state: name, reason, offsetMs },
    queue: queueReport(queue),
    inputs,
    telemetry: { sent, acknowledged, refused, budget, wireBytes: parts.wire },
    messages: parts.messages,
    tasks: parts.tasks.map(taskReport),
    errors: parts.errors.map(errorReport),
    resources: parts.usage,
  };
}

function taskReport({ correlationId, command, state, createdAt, startedAt }: TaskRecord): TaskReport {
  return { correlationId, command, state, createdAt, ...(startedAt === undefined ? {} : { startedAt }) };
}

function errorReport({ code, reason, remedy, times, firstAt, at }: RecentError): ErrorReport {
  return { code, reason, remedy, times, firstAt: firstAt.toISOString(), lastAt: at.toISOString() };
}

export function queueReport(status: TelemetryStatus['queue']): QueueReport {
  const { priorities, dropped: droppedByPriority, storage, trouble, diskBytesWritten } = status;
  const dropped: Record<string, number> = {};
  for (const [reason, count] of Object.values(droppedByPriority).flatMap((counts) => Object.entries(counts)))
    dropped[reason] = (dropped[reason] ?? 0) + count;
  const depth = Object.values(priorities).reduce((sum, { messages }) => sum + messages, 0);
  const oldestMs = Math.min(...Object.values(priorities).map((each) => each.oldestMs ?? Infinity));
  const oldestAt = oldestMs === Infinity ? undefined : new Date(oldestMs).toISOString();
  return { depth, oldestAt, dropped, droppedByPriority, priorities, storage, trouble, diskBytesWritten };
}

function stateReport(
  { state, sinceMs }: ConnectionStatus,
  wallTime: (monotonicMs: number) => string,
): StateReport {
  const since = wallTime(sinceMs);
  if (state === undefined) return { name: 'starting', since };
  const assignment = assignmentIn(state);
  const report = { name: state.name, since, hub: assignment?.assignedHub, device: assignment?.deviceId };
  if (state.name !== 'waiting') return report;
  const { reason, delayMs, next } = state;
  const { code, remedy } = reason;
  const nextAttemptAt = wallTime(sinceMs + delayMs);
  return { ...report, code, reason: describeError(reason), remedy, nextAttemptAt, next };
}

function identityReport(state: State | undefined): Omit<IdentityReport, 'source'> {
  if (state === undefined || state.name === 'stopped') return {};
  const credential = state.name === 'waiting' ? state.history.working : state.credential;
  const assignment = assignmentIn(state);
  return { credential, assignedAt: assignment?.assignedAt, trigger: assignment?.trigger };
}

function assignmentIn(state: State): Assignment | undefined {
  switch (state.name) {
    case 'connecting':
    case 'connected':
      return state.assignment;
    case 'provisioning':
    case 'waiting':
      return state.history.known;
    case 'stopped':
      return undefined;
  }
}
