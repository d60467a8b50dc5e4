import { X509Certificate } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { readFile, statfs } from 'node:fs/promises';
import { setDefaultAutoSelectFamilyAttemptTimeout } from 'node:net';
import { uptime } from 'node:os';
import { join } from 'node:path';
import {
  argv,
  cpuUsage,
  env,
  getActiveResourcesInfo,
  getuid,
  kill,
  memoryUsage,
  version as nodeVersion,
} from 'node:process';
import { rootCertificates } from 'node:tls';
import { CloudProbe } from './azure/cloud-probe.ts';
import { Connector } from './azure/connector.ts';
import type { Hop } from './azure/dial.ts';
import { AzureDpsClient } from './azure/dps-client.ts';
import { AzureFileUploads } from './azure/file-upload.ts';
import type { FileUploadOptions } from './azure/file-upload.ts';
import { AzureHubClient } from './azure/hub-client.ts';
import { headersOf } from './azure/https-line.ts';
import { SecureContexts } from './azure/secure-contexts.ts';
import { WayFile } from './azure/way-file.ts';
import { WayMemory } from './azure/way-memory.ts';
import { wayOptions } from './azure/way-options.ts';
import type { WayOptions } from './azure/way-options.ts';
import { WireBytes } from './azure/wire-bytes.ts';
import type { WireTotals } from './azure/wire-bytes.ts';
import type { NetworkProbe } from './checks/network-probe.ts';
import type { Config } from './config/schema.ts';
import type { HubClient } from './connection/hub-client.ts';
import { dateWithinMs, datePort, httpsDateOffset } from './clock-sync/https-date.ts';
import { runProgram } from './clock-sync/run-program.ts';
import type { RunProgram } from './clock-sync/run-program.ts';
import { SystemClock } from './lib/clock.ts';
import type { Clock } from './lib/clock.ts';
import { ConfigError, describeError } from './lib/errors.ts';
import { EventLoopDelay } from './lib/event-loop-delay.ts';
import type { Log } from './lib/log.ts';
import type { LiveConfig } from './live-config.ts';
import { systemRandom } from './lib/random.ts';
import type { Random } from './lib/random.ts';
import type { Credential } from './provisioning/credential.ts';
import type { Assignment, DpsClient } from './provisioning/dps-client.ts';
import { Secrets } from './provisioning/secrets.ts';
import { modelId } from './twin/model-id.ts';
import type { ResourceReadings } from './twin/reported/resources.ts';
import type { FileUploads } from './uploads/file-uploads.ts';

/** A megabyte must get through even where the link has some 4 KB a second. */
const uploadRequestTimeoutMs = 300_000;

/** A hop that takes longer is as good as closed, to whoever is looking for what is wrong. */
const probeTimeoutMs = 10_000;

/** Everything outside the program. */
export interface World {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly dps: DpsClient;
  readonly hub: HubClient;
  /** Files to the cloud, as this device at this hub; independent of any session. */
  readonly fileUploads: (assignment: Assignment, credential: Credential) => FileUploads;
  /** The way to the cloud, hop by hop. */
  readonly probe: NetworkProbe;
  /** What has gone over the connections to the cloud since the start. */
  readonly wire: () => WireTotals;
  readonly secrets: Pick<Secrets, 'read'>;
  /** PEM certificates to trust; Node's own roots when absent. */
  readonly ca: readonly string[] | undefined;
  /** When the machine was started, by its own clock. */
  readonly bootTime: () => Date;
  readonly runProgram: RunProgram;
  /** What must be added to the clock to make it right, in milliseconds, if it can be measured. */
  readonly measureOffset: (signal: AbortSignal) => Promise<number | undefined>;
  /** What was written at a time that cannot be later than now. */
  readonly programFile: string;
  /** Such as `v20.19.0`. */
  readonly nodeVersion: string;
  /** What this process uses of the machine: for each who asks anew, since some of it is told since the last time. */
  readonly resources: () => ResourceReadings;
  /** Where `proc`, `sys` and `etc` are. */
  readonly root: string;
  /** The process's own environment and user, and how it sends a signal to its children. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly userId: number;
  readonly kill: (pid: number, signal: NodeJS.Signals | 0) => void;
}

/** What several agents in one process have in common; where there is but one, it has its own. */
export interface Commons {
  readonly loopDelay: EventLoopDelay;
  /** For those who trust Node's own roots. */
  readonly contexts: SecureContexts;
}

export function newCommons(): Commons {
  return { loopDelay: new EventLoopDelay(), contexts: new SecureContexts(undefined) };
}

/**
 * The real world. Rejects with a ConfigError when the trust bundle cannot be used.
 * @param live how DPS and hub are reached is read from it anew for each attempt
 * @param stateDirectory where it is kept which way to the cloud works; without it, that is forgotten with the process
 * @param onHop called as each hop of a connection to DPS or hub is behind us
 */
export async function realWorld(
  live: Pick<LiveConfig, 'current'>,
  log: Log,
  stateDirectory?: string,
  onHop?: (hop: Hop) => void,
  { loopDelay, contexts: others }: Commons = newCommons(),
): Promise<World> {
  const config = live.current;
  // Node's own 250 ms for each address of a name are too little for a modem; the connect timeout bounds them all.
  setDefaultAutoSelectFamilyAttemptTimeout(config.network.addressFamilyTimeoutMs);
  const { ackTimeoutMs } = config.connection;
  const ca = await trustedCertificates(config.trustBundleCert);
  const contexts = new SecureContexts(ca, ca === undefined ? others : undefined);
  const clock = new SystemClock();
  const secrets = new Secrets({ env, credentialsDirectory: env['CREDENTIALS_DIRECTORY'] });
  const wayFile =
    stateDirectory === undefined ? undefined : new WayFile(join(stateDirectory, 'way.json'), log);
  const memory = new WayMemory(clock, wayFile);
  const wire = new WireBytes();
  const connector = new Connector(
    () => {
      const { keepAliveMs, connectTimeoutMs } = live.current.connection;
      return { ...wayOptions(live.current, secrets, env), keepAliveMs, connectTimeoutMs, onHop };
    },
    contexts,
    memory,
    wire,
    clock,
    log,
  );
  const route = (): WayOptions => wayOptions(live.current, secrets, env);
  const uploadOptions: FileUploadOptions = {
    contexts,
    route,
    wire,
    clock,
    random: systemRandom,
    log: log.child({ area: 'uploads' }),
    requestTimeoutMs: uploadRequestTimeoutMs,
  };
  return {
    clock,
    random: systemRandom,
    log,
    dps: new AzureDpsClient(connector, clock, modelId),
    hub: new AzureHubClient({ ackTimeoutMs, modelId }, connector, clock, log),
    fileUploads: (assignment, credential) => new AzureFileUploads(uploadOptions, assignment, credential),
    probe: new CloudProbe({ route, contexts, wire, clock, timeoutMs: probeTimeoutMs }),
    wire: () => wire.totals,
    secrets,
    ca,
    runProgram,
    measureOffset: (signal) => {
      const server = {
        host: timeHost(live.current),
        port: datePort,
        secureContext: contexts.anonymous(),
      };
      const surroundings = { route, wire, clock, requestTimeoutMs: dateWithinMs };
      const headers = (limit: AbortSignal): ReturnType<typeof headersOf> =>
        headersOf(server, surroundings, limit);
      return httpsDateOffset({ headers, clock, log }, signal);
    },
    programFile: argv[1] ?? '',
    nodeVersion,
    bootTime: () => new Date(clock.now().getTime() - uptime() * 1000),
    resources: () => processResources(loopDelay),
    root: '/',
    environment: env,
    // Windows has no user IDs; nor has it users to switch to.
    userId: getuid?.() ?? -1,
    kill: (pid, signal) => {
      kill(pid, signal);
    },
  };
}

function processResources(loopDelay: EventLoopDelay): ResourceReadings {
  return {
    cpuMs: () => {
      const { user, system } = cpuUsage();
      return (user + system) / 1000;
    },
    memory: () => {
      const { rss, heapUsed } = memoryUsage();
      return { rssBytes: rss, heapUsedBytes: heapUsed };
    },
    eventLoopDelayMs: loopDelay.reader(),
    diskFreeBytes: async (path) => {
      const { bavail, bsize } = await statfs(path);
      return bavail * bsize;
    },
    openFiles,
    timers: () => getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length,
  };
}

/** proc(5): the folder being read is one of them. */
function openFiles(): number | undefined {
  try {
    return readdirSync('/proc/self/fd').length - 1;
  } catch {
    return undefined;
  }
}

/** Without DPS of its own a device asks the one of the public cloud. */
function timeHost({ provisioning }: Config): string {
  return provisioning.source === 'dps'
    ? provisioning.globalEndpoint.host
    : 'global.azure-devices-provisioning.net';
}

/** Node's own roots and the bundle's; `undefined`, meaning Node's own, when there is no bundle. */
async function trustedCertificates(path: string | undefined): Promise<string[] | undefined> {
  if (path === undefined) return undefined;
  try {
    const bundle = await readFile(path, 'utf8');
    checkCertificates(bundle);
    return [...rootCertificates, bundle];
  } catch (cause) {
    throw new ConfigError(`cannot use trust_bundle_cert ${path}: ${describeError(cause)}`, { cause });
  }
}

/** OpenSSL takes what stands before the first certificate that it cannot read, and says nothing of that or of the others. */
function checkCertificates(bundle: string): void {
  const begin = '-----BEGIN CERTIFICATE-----';
  const certificates = bundle.split(begin).slice(1);
  if (certificates.length === 0) throw new Error('it holds no PEM certificate');
  for (const [index, rest] of certificates.entries()) {
    if (isCertificate(`${begin}${rest}`)) continue;
    throw new Error(`certificate ${index + 1} of ${certificates.length} in it cannot be read`);
  }
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}
