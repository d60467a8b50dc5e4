/**
 * What happened, as far as anybody saw it: what the judge judges and the report draws. Times are milliseconds since the
 * run began, on the director's monotonic clock. Plain data, written to `evidence.json`.
 */
export interface Evidence {
  readonly run: RunFacts;
  readonly phases: readonly { readonly name: string; readonly startMs: number; readonly endMs: number }[];
  readonly faults: readonly FaultRecord[];
  readonly states: readonly StateChange[];
  readonly processes: readonly ProcessSample[];
  readonly sessions: readonly SessionRecord[];
  /** When which agent asked DPS, by its name. */
  readonly registrations: readonly { readonly agent: string; readonly atMs: number }[];
  /** How often each agent tried to connect, to DPS or a hub, whatever came of it. */
  readonly attempts: readonly AttemptRecord[];
  readonly ends: readonly ProcessEnd[];
  readonly findings: readonly LogFinding[];
  /** By agent. */
  readonly ledger: Readonly<Record<string, LedgerEntry>>;
  /** Of all agents together, in steps of `stepMs`. */
  /** Absent in evidence of before this was looked at. */
  readonly refusals?: readonly RefusalRecord[];
  readonly deliveries: DeliverySeries;
  readonly twins: readonly TwinRecord[];
  /** Whatever was not kept because there was too much of it, by what it was. */
  readonly omitted: Readonly<Record<string, number>>;
}

export interface RunFacts {
  readonly scenario: string;
  readonly description: string;
  readonly seed: number;
  readonly agents: number;
  readonly host: 'process' | 'in-process';
  readonly target: 'simulator' | 'azure';
  /** ISO 8601. */
  readonly startedAt: string;
  readonly durationMs: number;
  /** Of it, what the calm at the end took. */
  readonly calmMs: number;
  readonly version: string;
  readonly nodeVersion: string;
  readonly machine: string;
}

export interface FaultRecord {
  readonly id: number;
  readonly kind: string;
  readonly phase: string;
  /** In words, with its figures. */
  readonly description: string;
  readonly startMs: number;
  /** When its undoing was done. */
  readonly endMs: number;
  /** The names of those it struck. */
  readonly agents: readonly string[];
  /** Why it could not be made here; absent: it was. */
  readonly unavailable?: string;
  /** What went wrong while it was made or put right again. */
  readonly failed?: string;
}

export interface StateChange {
  readonly agent: string;
  readonly atMs: number;
  /** As in the agent's log; `gone` when its process ended. */
  readonly state: string;
  /** Why it waits. */
  readonly code?: string;
}

/** One process of the fleet, as the kernel sees it. */
export interface ProcessSample {
  readonly unit: string;
  /** Goes up with each restart of the unit. */
  readonly life: number;
  readonly agents: number;
  readonly atMs: number;
  readonly rssBytes: number;
  /** User and system time since its start. */
  readonly cpuMs: number;
  readonly descriptors: number;
  readonly sockets: number;
  /** Timers in Node's event loop; absent where nobody could be asked. */
  readonly timers?: number;
}

/** A connection that the hub accepted. */
export interface SessionRecord {
  readonly agent: string;
  readonly hub: string;
  readonly startMs: number;
  readonly endMs?: number;
  readonly reason?: string;
}

/** CONNECTs of one agent that reached the cloud, those that were refused too. */
export interface AttemptRecord {
  readonly agent: string;
  readonly total: number;
  /** In the worst minute, which ended at `atMs`. */
  readonly mostInMinute: number;
  readonly atMs: number;
}

/** A process of the fleet that ended. */
export interface ProcessEnd {
  readonly unit: string;
  readonly atMs: number;
  readonly code: number | null;
  readonly signal: string | null;
  /** Whether the soak itself ended it. */
  readonly wanted: boolean;
  /** By what: on SIGTERM it is to end in order. Absent in evidence that is older, too. */
  readonly asked?: 'SIGTERM' | 'SIGKILL';
}

/** A line in a log that must not be there. The line is without its secret. */
export interface LogFinding {
  readonly kind: 'unhandled-error' | 'secret' | 'fatal' | 'late-end';
  readonly agent: string;
  readonly atMs: number;
  readonly line: string;
}

/** Of one agent: what it promised to keep (answered 202), and what came of it. */
export interface LedgerEntry {
  readonly posted: number;
  readonly promised: number;
  /** Answered with anything else, by status; `none` when there was no answer. */
  readonly refused: Readonly<Record<string, number>>;
  /** Promised, and at the hub. */
  readonly delivered: number;
  readonly duplicates: number;
  /** Promised and not at the hub, of which `toldDropped` were told as losses. */
  readonly missing: number;
  readonly toldDropped: number;
  /** Numbers that came for the first time after a higher one, and by how much at the most. */
  readonly outOfOrder: number;
  readonly furthestOutOfOrder: number;
  /** Of the queue's sequence numbers, how many never came; leaps as after a crash are not counted. */
  readonly sequenceGaps?: number;
  /** What must not be: an ID for two messages, content that changed. */
  readonly contradictions: readonly string[];
  /** The first of those missing. */
  readonly firstMissing: readonly number[];
}

/** An agent took nothing of what was posted to it: from the first such post until one was taken, or the last was not. */
export interface RefusalRecord {
  readonly agent: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** Of the last of them; `none` when there was no answer. */
  readonly status: string;
}

export interface DeliverySeries {
  readonly stepMs: number;
  readonly promised: readonly number[];
  readonly delivered: readonly number[];
  readonly duplicates: readonly number[];
}

/** One change of an agent's desired properties. */
export interface TwinRecord {
  readonly agent: string;
  readonly version: number;
  readonly atMs: number;
  /** When it was acknowledged; absent: never. A later version's acknowledgement counts for earlier ones. */
  readonly acknowledgedMs?: number;
}
