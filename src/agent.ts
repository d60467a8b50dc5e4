import { join } from 'node:path';
import { ClockWatch } from './clock-sync/clock-watch.ts';
import { newestFile } from './clock-sync/newest-file.ts';
import { SyncProbe } from './clock-sync/sync-probe.ts';
import type { InputConfig } from './config/inputs/inputs.ts';
import type { Config } from './config/schema.ts';
import { Connection } from './connection/connection.ts';
import type { IdentitySource, SessionServices } from './connection/connection.ts';
import { parseDuration } from './config/duration.ts';
import { deviceCredentials } from './device-credentials.ts';
import { openTelemetry } from './device-telemetry.ts';
import { untilStopped } from './lib/deadline.ts';
import { runUpon } from './lib/service.ts';
import type { Service } from './lib/service.ts';
import type { LiveConfig } from './live-config.ts';
import { LocalApi } from './local-api/local-api.ts';
import { agentStatus } from './local-api/status.ts';
import { MethodService } from './methods/method-service.ts';
import { reprovision as reprovisionMethod } from './methods/reprovision.ts';
import { AssignmentCache, assignmentFileIn } from './provisioning/assignment-cache.ts';
import { ManualSource } from './provisioning/manual.ts';
import { Provisioner } from './provisioning/provisioner.ts';
import type { ProvisionerOptions } from './provisioning/provisioner.ts';
import { RegistrationRecord } from './provisioning/registration-record.ts';
import { readingOf } from './telemetry/formats/json-readings.ts';
import { aboutDevice } from './twin/about.ts';
import { ReprovisionRequests } from './twin/reprovision-requests.ts';
import { SettingsStore } from './twin/settings-store.ts';
import { TwinSync } from './twin/twin-sync.ts';
import { agentVersion } from './version.ts';
import type { World } from './world.ts';

export interface Agent extends Service {
  /** Has DPS asked again, for the reason given. */
  requestReprovision(why: string): void;
}

/** Where and as whom the agent answers this machine's own tools. */
export interface LocalPlace {
  readonly socketPath: string;
  readonly pid: number;
}

/**
 * The whole program, with the queue of the last run opened: runs until its signal is aborted, then ends with everything
 * it started.
 */
export async function createAgent(
  live: LiveConfig,
  stateDirectory: string,
  world: World,
  local?: LocalPlace,
): Promise<Agent> {
  const { clock, random, log, root } = world;
  const config = live.current;
  const { provisioning } = config;

  const settings = new SettingsStore(join(stateDirectory, 'settings.json'), log);
  const about = aboutDevice({
    bootTime: world.bootTime,
    root,
    daysLeft: (name) => credentials.daysLeft(name),
  });

  const sessionServices: SessionServices = async (session, assignment, credential) => [
    ...telemetry.sessionServices(session),
    new TwinSync({
      session,
      store: settings,
      reprovision,
      about: await about(assignment, credential),
      configuredSeconds: commonInterval(config.telemetry.inputs),
      clock,
      random,
      log,
    }),
    new MethodService(session, methods, log),
  ];
  const clockWatch = new ClockWatch({
    ...config.clock,
    probe: new SyncProbe({ run: world.runProgram, root, clock }),
    measureOffset: world.measureOffset,
    newestFile: () => newestFile([stateDirectory, world.programFile]),
    clock,
    log,
  });
  const trustsClock = (): boolean => clockWatch.condition.state !== 'suspect';
  const telemetry = await openTelemetry(live, stateDirectory, world, trustsClock);
  const credentials = deviceCredentials(config, stateDirectory, world, {
    prove: (candidate, signal) => connection.prove(candidate, signal),
    adopted: () => {
      connection.credentialChanged();
    },
  });
  const connection = new Connection({
    clockTrust: clockWatch,
    hub: world.hub,
    generation: () => live.generation,
    identity: identitySource(live, stateDirectory, world),
    loadCredential: (name) => credentials.current(name),
    refused: (name) => {
      credentials.refused(name);
    },
    registrations: new RegistrationRecord(join(stateDirectory, 'registrations.json'), clock, log),
    sessionServices,
    policy: {
      ...config.connection,
      dynamicReprovisioning: provisioning.source === 'dps' && provisioning.dynamicReprovisioning,
      credentials: credentials.names,
    },
    alwaysReprovisionOnStartup: provisioning.source === 'dps' && provisioning.alwaysReprovisionOnStartup,
    clock,
    random,
    log,
  });
  const reprovision = new ReprovisionRequests(
    join(stateDirectory, 'reprovision.json'),
    () => {
      connection.requestReprovision('by the twin');
    },
    log,
  );
  const methods = [
    reprovisionMethod(() => {
      connection.requestReprovision('by a direct method');
    }),
  ];
  // A certificate is neither renewed nor called expired by a clock that has not been looked at.
  const renewals = credentials.services.map((service) => ({
    name: service.name,
    run: async (signal: AbortSignal) => {
      await untilStopped(clockWatch.settled(signal), signal);
      if (!signal.aborted) await service.run(signal);
    },
  }));
  const startedMs = clock.monotonic();
  const localApi = ({ socketPath, pid }: LocalPlace): LocalApi =>
    new LocalApi({
      ...config.localApi,
      path: config.localApi.path ?? socketPath,
      posting: { desk: telemetry.desk, readReading: readingOf, parseDuration },
      status: () =>
        agentStatus({
          version: agentVersion,
          pid,
          startedMs,
          connection: connection.status,
          source: provisioning.source,
          credentials,
          clockCondition: clockWatch.condition,
          telemetry: telemetry.status,
          wire: world.wire(),
          clock,
        }),
      clock,
      log,
    });
  const localServices = local === undefined ? [] : [localApi(local)];

  return {
    name: 'agent',
    requestReprovision: (why) => {
      connection.requestReprovision(why);
    },
    run: async (signal) => {
      await settings.load();
      await reprovision.load();
      await credentials.load();
      try {
        const steering = steeredBy(settings, config, live);
        const services = [
          clockWatch,
          steering,
          connection,
          ...renewals,
          ...telemetry.inputs,
          ...localServices,
        ];
        await runUpon(telemetry.base, services, signal);
      } finally {
        await telemetry.close();
      }
    },
  };
}

/** Who says which hub is the device's own. */
export function identitySource(
  live: Pick<LiveConfig, 'current'>,
  stateDirectory: string,
  { clock, dps, log, secrets }: Pick<World, 'clock' | 'dps' | 'log' | 'secrets'>,
): IdentitySource {
  const { provisioning } = live.current;
  if (provisioning.source === 'manual') return new ManualSource(provisioning.attestation, secrets, clock);
  const cache = new AssignmentCache(assignmentFileIn(stateDirectory), log);
  const options = (): ProvisionerOptions => {
    const now = live.current.provisioning;
    // Whether DPS is asked at all is not steered.
    return { ...provisioning, endpoint: ('globalEndpoint' in now ? now : provisioning).globalEndpoint };
  };
  return new Provisioner(options, dps, cache, clock);
}

/** In seconds; `undefined` where inputs differ. */
function commonInterval(inputs: readonly InputConfig[]): number | undefined {
  const intervals = new Set(inputs.flatMap((input) => ('intervalMs' in input ? [input.intervalMs] : [])));
  const [first, ...others] = intervals;
  return first === undefined || others.length > 0 ? undefined : first / 1000;
}

/** Puts in force what the operator says of the intervals. */
function steeredBy(settings: SettingsStore, config: Config, live: LiveConfig): Service {
  return {
    name: 'steering',
    run: async (signal) => {
      while (!signal.aborted) {
        const { telemetry } = config;
        const inputs = telemetry.inputs.map((input) =>
          'intervalMs' in input ? { ...input, intervalMs: settings.intervalMs(input.intervalMs) } : input,
        );
        live.put({ ...config, telemetry: { ...telemetry, inputs } });
        await untilStopped(settings.changed(signal), signal);
      }
    },
  };
}
