import type { ClockCondition } from '../../clock-sync/condition.ts';
import type { ConnectionStatus } from '../../connection/connection.ts';
import type { MessagesStatus } from '../../messages/counts.ts';
import type { Credential } from '../../provisioning/credential.ts';
import type { Assignment } from '../../provisioning/dps-client.ts';
import type { InputStatus } from '../../telemetry/input-service.ts';
import type { PriorityStatus, QueueStatus } from '../../telemetry/queue/telemetry-queue.ts';
import type { DeviceInformation } from '../device-information.ts';
import type { ReportedProperties } from '../properties.ts';
import type { LastError } from './last-error.ts';
import { cutText } from './limits.ts';
import type { ResourceFigures } from './resources.ts';

/** Everything there is to report. */
export interface DeviceFacts {
  readonly device: DeviceInformation;
  readonly version: string;
  readonly bootTime: Date;
  /** When the agent was started, on the monotonic clock, in milliseconds. */
  readonly startedMs: number;
  readonly connection: ConnectionStatus;
  readonly lastError: LastError | undefined;
  readonly assignment: Assignment;
  readonly credential: Pick<Credential, 'name' | 'method'>;
  /** Of its certificate; `undefined` for a symmetric key. */
  readonly certificateDaysLeft: number | undefined;
  readonly queue: QueueStatus;
  readonly inputs: readonly InputStatus[];
  /** Cloud-to-device. */
  readonly messages: MessagesStatus;
  readonly clock: ClockCondition;
  readonly resources: ResourceFigures;
  /** Since the start, in bytes. */
  readonly wire: { readonly sent: number; readonly received: number };
  readonly now: Date;
  readonly monotonicMs: number;
}

/** The components that are reported as facts: nothing else in the twin is touched. */
export const factSections = [
  'deviceInformation',
  'agent',
  'health',
  'provisioning',
  'queue',
  'inputs',
  'messages',
  'clock',
  'resources',
] as const;

/** In bytes: an error says what it has to in so many. */
const longestText = 512;
/** An input that is well and has said something within this is not told the time of it, which changes all the time. */
const quietMs = 3_600_000;
/** What waits for the acknowledgement of a hub that answers is not told as a backlog, in milliseconds. */
const backlogMs = 60_000;

/** The facts as components of the twin (protocol.md 7). What is `undefined` in it is not there. */
export function reportedSections(facts: DeviceFacts): ReportedProperties {
  const wallTime = (monotonicMs: number): string =>
    new Date(facts.now.getTime() + monotonicMs - facts.monotonicMs).toISOString();
  const sections: Record<(typeof factSections)[number], object> = {
    deviceInformation: facts.device,
    agent: {
      version: facts.version,
      bootTime: facts.bootTime.toISOString(),
      startedAt: wallTime(facts.startedMs),
    },
    health: health(facts, wallTime),
    provisioning: provisioning(facts),
    queue: queue(facts.queue, facts.now),
    inputs: inputs(facts.inputs, facts.now),
    messages: messages(facts.messages),
    clock: clock(facts.clock),
    resources: resources(facts),
  };
  return Object.fromEntries(
    Object.entries(sections).map(([name, section]) => [name, { __t: 'c', ...section }]),
  );
}

/** `state` is the connection's; `troubles` is whatever is not as it should be though the device is connected. */
function health(
  { connection, lastError, queue: { storage, trouble }, inputs, clock }: DeviceFacts,
  wallTime: (monotonicMs: number) => string,
): object {
  const failing = inputs.filter(({ state }) => state === 'failing').map(({ name }) => name);
  const troubles = [
    ...(storage === 'disk'
      ? []
      : [`the queue is in memory only: ${trouble ?? 'the disk cannot be written'}`]),
    ...(failing.length === 0 ? [] : [`inputs failing: ${failing.join(', ')}`]),
    ...(clock.state === 'suspect' ? [`the clock is suspect: ${clock.reason}`] : []),
  ];
  return {
    state: connection.state?.name ?? 'starting',
    since: wallTime(connection.sinceMs),
    troubles: troubles.map((text) => cutText(text, longestText)),
    lastError: lastError === undefined ? undefined : { ...lastError, at: lastError.at.toISOString() },
  };
}

function provisioning({ assignment, credential, certificateDaysLeft }: DeviceFacts): object {
  const { assignedHub: hub, deviceId, assignedAt, substatus, trigger } = assignment;
  const { name, method } = credential;
  return { hub, deviceId, method, credential: name, certificateDaysLeft, assignedAt, substatus, trigger };
}

function queue({ priorities, dropped, storage, trouble }: QueueStatus, now: Date): object {
  const all = Object.values(priorities);
  const oldestMs = Math.min(...all.map((priority) => priority.oldestMs ?? Infinity));
  const reasons = Object.values(dropped).flatMap((counts) => Object.entries(counts));
  return {
    depth: sum(all.map(waiting(now))),
    bytes: sum(all.map(waitingBytes(now))),
    oldest: now.getTime() - oldestMs < backlogMs || oldestMs === Infinity ? undefined : minute(oldestMs),
    byPriority: Object.fromEntries(
      Object.entries(priorities).map(([name, priority]) => [
        name,
        { depth: waiting(now)(priority), bytes: waitingBytes(now)(priority) },
      ]),
    ),
    dropped: Object.fromEntries(
      [...new Set(reasons.map(([reason]) => reason))].map((reason) => [
        reason,
        sum(reasons.filter(([name]) => name === reason).map(([, count]) => count)),
      ]),
    ),
    storage,
    trouble: trouble === undefined ? undefined : cutText(trouble, longestText),
  };
}

/** What has waited for less than a minute is on its way, and another number each time one looks. */
function isBacklog({ oldestMs }: PriorityStatus, now: Date): boolean {
  return oldestMs !== undefined && now.getTime() - oldestMs >= backlogMs;
}

const waiting =
  (now: Date) =>
  (priority: PriorityStatus): number =>
    isBacklog(priority, now) ? twoDigits(priority.messages) : 0;

const waitingBytes =
  (now: Date) =>
  (priority: PriorityStatus): number =>
    isBacklog(priority, now) ? twoDigits(priority.bytes) : 0;

/** Failing ones first: they are what is left when there is no room for all. */
function inputs(statuses: readonly InputStatus[], now: Date): object {
  const ordered = [
    ...statuses.filter(({ state }) => state === 'failing'),
    ...statuses.filter(({ state }) => state !== 'failing'),
  ];
  return Object.fromEntries(
    ordered.map(({ name, state, lastReadingAt, error }) => [
      name,
      {
        state,
        lastReadingAt: state !== 'ok' || isQuiet(lastReadingAt, now) ? lastReadingAt : undefined,
        error: error === undefined ? undefined : cutText(error, longestText),
      },
    ]),
  );
}

function isQuiet(lastReadingAt: string | undefined, now: Date): boolean {
  return lastReadingAt !== undefined && now.getTime() - Date.parse(lastReadingAt) >= quietMs;
}

/** Each by its name, so that nothing else that may be in a status comes into the twin. */
function messages(status: MessagesStatus): Record<keyof MessagesStatus, number> {
  const { received, handled, duplicates, expired, unmatched, failed, leftWithHub, waiting, damaged } = status;
  return { received, handled, duplicates, expired, unmatched, failed, leftWithHub, waiting, damaged };
}

function clock({ state, reason, offsetMs }: ClockCondition): object {
  // Of a clock that is right the reason may hold figures that change.
  const why = state === 'good' ? undefined : cutText(reason, longestText);
  return {
    state,
    reason: why,
    offsetSeconds: offsetMs === undefined ? undefined : Math.round(offsetMs / 1000),
  };
}

function resources({ resources: figures, wire, queue: { diskBytesWritten } }: DeviceFacts): object {
  const { cpuShare, rssBytes, heapUsedBytes, eventLoopDelayMs, diskFreeBytes } = figures;
  return {
    cpuShare: Math.round(cpuShare * 100) / 100,
    rssBytes: threeDigits(rssBytes),
    heapUsedBytes: threeDigits(heapUsedBytes),
    eventLoopDelayMs: Math.round(eventLoopDelayMs),
    diskFreeBytes: diskFreeBytes === undefined ? undefined : threeDigits(diskFreeBytes),
    diskBytesWritten: threeDigits(diskBytesWritten),
    wireBytesSent: threeDigits(wire.sent),
    wireBytesReceived: threeDigits(wire.received),
  };
}

function twoDigits(value: number): number {
  return Number(value.toPrecision(2));
}

function threeDigits(value: number): number {
  return Number(value.toPrecision(3));
}

function minute(ms: number): string {
  return new Date(Math.floor(ms / 60_000) * 60_000).toISOString();
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
