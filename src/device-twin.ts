import { join } from 'node:path';
import type { ClockCondition } from './clock-sync/condition.ts';
import { formatDuration } from './config/duration.ts';
import type { Config } from './config/schema.ts';
import type { ConnectionStatus } from './connection/connection.ts';
import type { HubSession } from './connection/hub-client.ts';
import type { TelemetryStatus } from './device-telemetry.ts';
import type { DeviceWork } from './device-work.ts';
import { Bell } from './lib/bell.ts';
import { untilStopped } from './lib/deadline.ts';
import type { Service } from './lib/service.ts';
import type { LiveConfig } from './live-config.ts';
import type { MessagesStatus } from './messages/counts.ts';
import type { Credential, CredentialName } from './provisioning/credential.ts';
import type { Assignment } from './provisioning/dps-client.ts';
import { DesiredSync } from './twin/desired-sync.ts';
import type { Lapse } from './twin/desired-sync.ts';
import type { DesiredSyncOptions } from './twin/desired-sync.ts';
import { readDeviceInformation } from './twin/device-information.ts';
import type { ReportedProperties } from './twin/properties.ts';
import { ReportQueue } from './twin/report-queue.ts';
import { LastErrorRecorder } from './twin/reported/last-error.ts';
import { ReportedState } from './twin/reported/reported-state.ts';
import { ResourceWatch } from './twin/reported/resources.ts';
import { factSections, reportedSections } from './twin/reported/sections.ts';
import { TaskReports } from './twin/reported/task-reports.ts';
import { ReprovisionRequests } from './twin/reprovision-requests.ts';
import { SettingsStore } from './twin/settings/settings-store.ts';
import { SettingsTrial } from './twin/settings/settings-trial.ts';
import { twinSettings } from './twin-settings.ts';
import { agentVersion } from './version.ts';
import type { World } from './world.ts';

/** What the twin is told of, and what it steers. */
export interface TwinPorts {
  readonly connection: () => ConnectionStatus;
  readonly daysLeft: (name: CredentialName) => number | undefined;
  readonly telemetry: () => TelemetryStatus;
  readonly messages: () => MessagesStatus;
  readonly clockCondition: () => ClockCondition;
  /** How much is logged by the twin's word, and for how long yet. */
  readonly levels: Lapse;
  readonly tasks: Pick<DeviceWork, 'changed' | 'tasksReport' | 'taskNames'>;
  /** Has the connection opened anew, and DPS asked again. */
  readonly reconnect: (why: string) => void;
  readonly reprovision: (why: string) => void;
  /** Is told of everything that stands acknowledged after an answer. */
  readonly acknowledged: NonNullable<DesiredSyncOptions['onAcknowledged']>;
}

export interface DeviceTwin {
  /** What runs whether or not there is a session. */
  readonly services: readonly Service[];
  /** To be awaited before anything runs: what the twin said last is put in force. */
  load(): Promise<void>;
  sessionServices(session: TwinSession, about: SessionFacts): Service[];
  readonly lastError: LastErrorRecorder;
  /** The configuration of the files is another from now on. */
  rebase(config: Config): void;
  /** Something worth a report may have happened. */
  noteChange(): void;
}

type TwinSession = Pick<HubSession, 'fetchTwin' | 'desiredPatches' | 'report'>;

export interface SessionFacts {
  readonly assignment: Assignment;
  readonly credential: Credential;
  /** Of the settings that the session was opened with. */
  readonly generation: number;
}

/** The twin from both sides: desired properties put in force and acknowledged, and the device's facts reported. */
export function deviceTwin(
  config: Config,
  live: LiveConfig,
  stateDirectory: string,
  world: World,
  ports: TwinPorts,
): DeviceTwin {
  const { clock, random } = world;
  const log = world.log.child({ area: 'twin' });
  const store = new SettingsStore({
    path: join(stateDirectory, 'settings.json'),
    ...{ table: twinSettings, config, live, log },
  });
  const trial = new SettingsTrial({
    ...{ store, clock, log, formatDuration },
    confirmMs: () => live.current.settings.confirmMs,
    onReconnect: ports.reconnect,
  });
  const reprovision = new ReprovisionRequests(
    join(stateDirectory, 'reprovision.json'),
    () => {
      ports.reprovision('by the twin');
    },
    log,
  );
  const lastError = new LastErrorRecorder(clock);
  const resources = new ResourceWatch(world.resources(), stateDirectory, clock, log);
  const changed = new Bell();
  const startedMs = clock.monotonic();
  const facts = async ({ assignment, credential }: SessionFacts): Promise<ReportedProperties> =>
    reportedSections({
      device: await readDeviceInformation(agentVersion, world.root),
      version: agentVersion,
      bootTime: world.bootTime(),
      startedMs,
      connection: ports.connection(),
      lastError: lastError.last,
      assignment,
      credential,
      certificateDaysLeft: ports.daysLeft(credential.name),
      ...telemetryFacts(ports.telemetry()),
      messages: ports.messages(),
      clock: ports.clockCondition(),
      resources: await resources.read(),
      wire: world.wire(),
      now: clock.now(),
      monotonicMs: clock.monotonic(),
    });

  return {
    services: [trial, { name: 'report interval', run: (signal) => followed(live.changed, changed, signal) }],
    lastError,
    rebase: (files) => {
      store.rebase(files);
    },
    noteChange: () => {
      changed.ring();
    },
    load: async () => {
      await store.load();
      await reprovision.load();
    },
    sessionServices: (session, about) => {
      const reports = new ReportQueue(session, { clock, random, log });
      const desired = new DesiredSync({
        ...{ session, reports, store, reprovision, live, clock, random, log },
        table: twinSettings,
        generation: about.generation,
        hub: about.assignment.assignedHub,
        facts: [...factSections, ...ports.tasks.taskNames],
        lapse: ports.levels,
        onReconnect: ports.reconnect,
        onAcknowledged: ports.acknowledged,
      });
      const reported = new ReportedState({
        sections: () => facts(about),
        reported: desired.fetched,
        intervalMs: () => live.current.reporting.intervalMs,
        ...{ reports, changed, clock, log },
      });
      return [
        desired,
        reported,
        new TaskReports({ tasks: ports.tasks, reported: desired.fetched, reports, log }),
      ];
    },
  };
}

function telemetryFacts({ queue, inputs }: TelemetryStatus): Pick<TelemetryStatus, 'queue' | 'inputs'> {
  return { queue, inputs };
}

/** Another report interval, or another input, is worth a look at once. */
async function followed(from: Bell, to: Bell, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await untilStopped(from.heard(), signal);
    to.ring();
  }
}
