import type { ClockCondition } from '../clock-sync/condition.ts';
import type { DeviceMessages } from '../device-messages.ts';
import type { TelemetryStatus } from '../device-telemetry.ts';
import type { CredentialName } from '../provisioning/credential.ts';
import type { AnswerFigures } from './answer-tally.ts';
import type { ConnectionFigures } from './connection-tally.ts';
import type { SettingFigures } from './setting-tally.ts';

/** Everything there is a metric of, at one moment. Counts are since the start of the agent. */
export interface Figures {
  /** By the wall clock. */
  readonly now: Date;
  readonly build: { readonly version: string; readonly node: string };
  readonly connection: ConnectionFigures;
  /** Of the certificates in use; days are whole, below zero once one has expired. */
  readonly certificates: readonly { readonly name: CredentialName; readonly daysLeft: number }[];
  readonly clock: Pick<ClockCondition, 'state' | 'offsetMs'>;
  readonly telemetry: TelemetryStatus;
  readonly wire: { readonly sent: number; readonly received: number };
  readonly messages: DeviceMessages['status'];
  readonly methods: readonly AnswerFigures[];
  readonly settings: SettingFigures;
  readonly process: ProcessFigures;
}

export interface ProcessFigures {
  readonly startedAt: Date;
  /** Of all its threads, in milliseconds. */
  readonly cpuMs: number;
  readonly rssBytes: number;
  readonly heapUsedBytes: number;
  /** At its 99th percentile over the last minute; `undefined` until one is over. */
  readonly eventLoopDelayMs: number | undefined;
}
