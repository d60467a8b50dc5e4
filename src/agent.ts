import { randomUUID } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { ClockWatch } from './clock-sync/clock-watch.ts';
import { newestFile } from './clock-sync/newest-file.ts';
import { SyncProbe } from './clock-sync/sync-probe.ts';
import { parseDuration } from './config/duration.ts';
import { isLoopback } from './config/page-schema.ts';
import type { PageConfig } from './config/page-schema.ts';
import type { Config } from './config/schema.ts';
import { Connection } from './connection/connection.ts';
import type { IdentitySource, SessionServices } from './connection/connection.ts';
import { deviceCredentials } from './device-credentials.ts';
import { openMessages } from './device-messages.ts';
import { deviceMethods } from './device-methods.ts';
import { deviceMetrics } from './device-metrics.ts';
import { openTelemetry } from './device-telemetry.ts';
import { deviceTwin } from './device-twin.ts';
import { deviceWork } from './device-work.ts';
import { Bell } from './lib/bell.ts';
import { untilStopped } from './lib/deadline.ts';
import { runUpon } from './lib/service.ts';
import type { Service } from './lib/service.ts';
import type { LiveConfig } from './live-config.ts';
import { healthReport } from './local-api/health.ts';
import type { HealthReport } from './local-api/health.ts';
import type { MakeChecks } from './local-api/check-route.ts';
import { LocalApi } from './local-api/local-api.ts';
import { StatusPage } from './local-api/page/status-page.ts';
import { agentStatus } from './local-api/status.ts';
import type { AgentStatus } from './local-api/status.ts';
import { UsageMeter } from './local-api/usage-meter.ts';
import type { LogArea } from './log-areas.ts';
import type { LogLevels } from './logging/log-levels.ts';
import type { LogRing } from './logging/log-ring.ts';
import type { InvokeMethod } from './messages/method-handler.ts';
import { MethodListener } from './methods/method-listener.ts';
import type { MethodTable } from './methods/method-table.ts';
import { AssignmentCache, assignmentFileIn } from './provisioning/assignment-cache.ts';
import { ManualSource } from './provisioning/manual.ts';
import { Provisioner } from './provisioning/provisioner.ts';
import type { ProvisionerOptions } from './provisioning/provisioner.ts';
import { RegistrationRecord } from './provisioning/registration-record.ts';
import type { BadEndCode } from './run-end.ts';
import type { StopRequest } from './stop-request.ts';
import { connectionPulse } from './supervision/connection-pulse.ts';
import type { ConnectionLimits } from './supervision/connection-pulse.ts';
import { stuck } from './supervision/pulse.ts';
import type { Pulse } from './supervision/pulse.ts';
import { statusLine } from './supervision/status-line.ts';
import { Supervised } from './supervision/supervised.ts';
import type { SupervisedOptions } from './supervision/supervised.ts';
import { ThreadPool } from './supervision/thread-pool.ts';
import { plainReading, readingOf } from './telemetry/formats/json-readings.ts';
import { agentVersion, builtAt } from './version.ts';
import type { World } from './world.ts';

export interface Agent extends Service {
  /** Has DPS asked again, for the reason given. */
  requestReprovision(why: string): void;
  /** Puts another configuration of the files in force; what the twin says still lies over it. */
  reload(config: Config, isOtherWay: boolean): void;
}

/** The process around the agent. */
export interface AgentHost {
  readonly pid: number;
  /** How the run before ended; absent: in order, as far as can be told. */
  readonly lastEnd?: BadEndCode | undefined;
  /** Where the agent answers this machine's own tools; absent: it does not. */
  readonly socketPath?: string | undefined;
  readonly levels: LogLevels;
  readonly ring: LogRing;
  /** Absent: systemd does not want to hear how the agent is. */
  readonly supervision?: Pick<SupervisedOptions, 'notifier' | 'stopDeadlineMs'> | undefined;
  /** Asked for when the cloud wants the agent started anew. */
  readonly stop: Pick<StopRequest, 'restart'>;
  /** Every value of the configuration with its source, secrets masked. */
  readonly describeConfig: () => Promise<string>;
  /** What `dps-agent check` looks at, made in this process; absent: it makes none. */
  readonly checks?: (status: () => AgentStatus) => MakeChecks;
  /** The same for the support bundle: what it finds, for people; absent: the bundle has none. */
  readonly describeChecks?: (status: AgentStatus, signal: AbortSignal) => Promise<string>;
}

/**
 * The whole program, with what the last run left behind loaded: runs until its signal is aborted, then ends with
 * everything it started.
 */
export async function createAgent(
  live: LiveConfig,
  stateDirectory: string,
  world: World,
  host: AgentHost,
): Promise<Agent> {
  const { clock, random, root } = world;
  const config = live.current;
  const { provisioning } = config;
  const { describeChecks } = host;
  const inArea = (area: LogArea): World => ({ ...world, log: world.log.child({ area }) });

  const clockWatch = new ClockWatch({
    ...config.clock,
    probe: new SyncProbe({ run: world.runProgram, root, clock }),
    measureOffset: world.measureOffset,
    newestFile: () => newestFile([stateDirectory, world.programFile]),
    builtAt,
    clock,
    log: inArea('clock').log,
  });
  const trustsClock = (): boolean => clockWatch.condition.state !== 'suspect';
  const credentials = deviceCredentials(config, stateDirectory, inArea('provisioning'), {
    prove: (candidate, signal) => connection.prove(candidate, signal),
    adopted: () => {
      connection.credentialChanged();
    },
  });
  const requestReprovision = (why: string): void => {
    connection.requestReprovision(why);
  };
  const work = deviceWork(
    {
      ...{ live, ring: host.ring, effectiveConfig: host.describeConfig },
      status: () => status(),
      metrics: () => metrics.text(),
      metricsHistory: () => metrics.history(),
      ...(describeChecks === undefined ? {} : { check: (signal) => describeChecks(status(), signal) }),
    },
    stateDirectory,
    world,
  );
  const twin = deviceTwin(config, live, stateDirectory, world, {
    connection: () => connection.status,
    daysLeft: (name) => credentials.daysLeft(name),
    telemetry: () => telemetry.status,
    messages: () => messages.status,
    clockCondition: () => clockWatch.condition,
    levels: host.levels,
    tasks: work,
    reconnect: (why) => {
      connection.reconnect(why);
    },
    reprovision: requestReprovision,
    acknowledged: (all) => {
      metrics.settings.acknowledged(all);
    },
  });
  if (host.lastEnd !== undefined) twin.lastError.runEnded(host.lastEnd);
  const metrics = deviceMetrics(
    {
      credentials,
      clockCondition: () => clockWatch.condition,
      telemetry: () => telemetry.status,
      messages: () => messages.status,
    },
    world,
  );
  await twin.load();
  await credentials.load();
  await work.load();
  const telemetry = await openTelemetry(live, stateDirectory, inArea('telemetry'), trustsClock);
  const methods = deviceMethods(
    {
      ...{ live, levels: host.levels, ring: host.ring, telemetry, others: work.methods },
      status: () => status(),
      reprovision: () => {
        requestReprovision('by a direct method');
      },
      restart: () => {
        host.stop.restart('a direct method asks for a restart');
      },
      onAnswer: (method, answer) => {
        metrics.answers.answered(method, answer);
      },
    },
    world,
  );
  const messages = await openMessages(config, stateDirectory, world, invoker(methods), trustsClock);

  const sessionServices: SessionServices = (session, assignment, credential, generation) => {
    work.connected(assignment, credential);
    return Promise.resolve([
      ...telemetry.sessionServices(session),
      ...twin.sessionServices(session, { assignment, credential, generation }),
      new MethodListener(session, methods, inArea('methods').log),
      ...messages.sessionServices(session),
    ]);
  };
  const stateChanged = new Bell();
  const connection = new Connection({
    clockTrust: clockWatch,
    hub: world.hub,
    identity: identitySource(live, stateDirectory, inArea('provisioning')),
    loadCredential: (name) => credentials.current(name),
    refused: (name) => {
      credentials.refused(name);
    },
    registrations: new RegistrationRecord(join(stateDirectory, 'registrations.json'), clock, world.log),
    generation: () => live.generation,
    sessionServices,
    onState: (state, event) => {
      metrics.connection.entered(state, event);
      stateChanged.ring();
      twin.lastError.onState(state);
      twin.noteChange();
    },
    onTrial: (doing, event) => {
      metrics.connection.tried(doing, event);
    },
    policy: {
      ...config.connection,
      // To take the hub from the configuration again costs nobody anything, and what it refers to may have changed.
      dynamicReprovisioning: provisioning.source === 'manual' || provisioning.dynamicReprovisioning,
      credentials: credentials.names,
    },
    alwaysReprovisionOnStartup: provisioning.source === 'dps' && provisioning.alwaysReprovisionOnStartup,
    clock,
    random,
    log: inArea('connection').log,
  });
  // A certificate is neither renewed nor called expired by a clock that has not been looked at.
  const renewals = credentials.services.map((service) => ({
    name: service.name,
    run: async (signal: AbortSignal) => {
      await untilStopped(clockWatch.settled(signal), signal);
      if (!signal.aborted) await service.run(signal);
    },
  }));
  const startedMs = clock.monotonic();
  const usage = new UsageMeter(world.resources(), clock);
  const status = (): AgentStatus =>
    agentStatus({
      version: agentVersion,
      pid: host.pid,
      startedMs,
      connection: connection.status,
      source: provisioning.source,
      credentials,
      clockCondition: clockWatch.condition,
      telemetry: telemetry.status,
      wire: world.wire(),
      messages: messages.status,
      tasks: work.underWay,
      errors: twin.lastError.recent,
      usage: usage.read(),
      clock,
    });
  const crossThreadPool = (): Promise<unknown> => stat(stateDirectory);
  const threadPool = new ThreadPool(crossThreadPool, clock);
  const pulses = (): readonly Pulse[] => [
    connectionPulse(connection.status, connectionLimits(live.current)),
    ...telemetry.pulses,
    threadPool.pulse,
  ];
  const health = (): HealthReport =>
    healthReport(
      stuck(pulses(), clock.monotonic()).map(({ name }) => name),
      connection.status.state?.name ?? 'starting',
    );
  const statusPage = ({ listen, password }: PageConfig): StatusPage =>
    new StatusPage({
      ...{ listen, status, health, clock, hostName: hostname() },
      isLoopback: isLoopback(listen.address),
      password: password === undefined ? undefined : () => world.secrets.read(password),
      log: inArea('local_api').log,
    });
  const localApi = (socketPath: string): LocalApi =>
    new LocalApi({
      ...config.localApi,
      path: config.localApi.path ?? socketPath,
      posting: { desk: telemetry.desk, readReading: { value: readingOf, line: plainReading }, parseDuration },
      outlet: messages.outlet,
      feed: telemetry.feed,
      logs: { source: host.ring, parseDuration },
      makeChecks: host.checks?.(status),
      status,
      health,
      metrics,
      clock,
      log: inArea('local_api').log,
    });

  const supervised = (by: Pick<SupervisedOptions, 'notifier' | 'stopDeadlineMs'>): Supervised =>
    new Supervised({
      ...by,
      pulses,
      crossThreadPool,
      statusLine: () => statusLine(connection.status, telemetry.status.queue, provisioning.source),
      changed: stateChanged,
      clock,
      log: world.log,
    });

  return {
    name: 'agent',
    requestReprovision,
    reload: (files, isOtherWay) => {
      twin.rebase(files);
      if (isOtherWay) connection.reconnect('the configuration has changed');
    },
    run: async (signal) => {
      const services = [
        ...[threadPool, clockWatch, connection, ...renewals, ...telemetry.inputs],
        ...[...metrics.services, ...twin.services, ...messages.services, ...work.services],
        ...(host.socketPath === undefined ? [] : [localApi(host.socketPath)]),
        ...(config.localApi.page === undefined ? [] : [statusPage(config.localApi.page)]),
        ...(host.supervision === undefined ? [] : [supervised(host.supervision)]),
      ];
      try {
        await runUpon(telemetry.base, services, signal);
      } finally {
        await telemetry.close();
      }
    },
  };
}

/** For whoever calls a method without waiting for its answer: what comes after that is done at once. */
function invoker(methods: MethodTable): InvokeMethod {
  const never = new AbortController().signal;
  return async (name, payload) => {
    const { afterwards, ...response } = await methods.invoke(
      { name, payload, requestId: randomUUID() },
      never,
    );
    await afterwards?.();
    return response;
  };
}

function connectionLimits({ clock, connection, provisioning }: Config): ConnectionLimits {
  return {
    waitForSyncMs: clock.waitForSyncMs,
    registrationMs: provisioning.source === 'dps' ? provisioning.deadlineMs : 0,
    connectTimeoutMs: connection.connectTimeoutMs,
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
