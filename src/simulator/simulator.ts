import { randomBytes } from 'node:crypto';
import { SystemClock } from '../lib/clock.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { BlobEndpoint } from './blob-endpoint.ts';
import { BlobStore, container } from './blob-store.ts';
import type { CloudToDeviceMessage } from './cloud-to-device.ts';
import { Changes } from './changes.ts';
import { ConnectionLog } from './connection-log.ts';
import { ControlServer } from './control-server.ts';
import { claimDataDirectory, usable } from './data-directory.ts';
import { Dps } from './dps.ts';
import { FaultBook } from './faults.ts';
import { FaultDesk } from './fault-desk.ts';
import { FileUploadEndpoint } from './file-upload-endpoint.ts';
import { FileUploads } from './file-upload.ts';
import type { FileUploadRecord } from './file-upload.ts';
import { Gateway } from './gateway.ts';
import { httpDesk } from './http-desk.ts';
import { Hub } from './hub.ts';
import { loadIdentity } from './identity.ts';
import { Journal } from './journal.ts';
import type { JsonObject } from './json.ts';
import type { DeviceMessage } from './message.ts';
import type { MethodRequest, MethodResult } from './method-calls.ts';
import { quietLog } from './quiet-log.ts';
import { Registry } from './registry.ts';
import { readState, stateFileIn, StateWriter } from './state-file.ts';
import type { SimulatorState } from './state-file.ts';
import { applySeed } from './seed.ts';
import type { Seed } from './seed.ts';
import type { Twin } from './twin.ts';

export interface SimulatorOptions {
  /** Made when it is missing. Everything that survives a restart is in it. */
  readonly dataDirectory: string;
  /** The address to listen on; 127.0.0.1 unless given. */
  readonly host?: string | undefined;
  /** The name by which DPS tells devices the hubs; `localhost` unless given. It is in the server certificate. */
  readonly publicHost?: string | undefined;
  /** Further names for the server certificate, under which hubs may be addressed too. */
  readonly names?: readonly string[] | undefined;
  /** The first port: DPS and the first hub; the others follow. 0, or nothing, asks for free ones, or the earlier run's. */
  readonly port?: number | undefined;
  /** The first port when neither `port` nor an earlier run says; free ones when this does not either. */
  readonly defaultPort?: number | undefined;
  readonly defaultControlPort?: number | undefined;
  /** How many hubs; 1 unless given, or as many as the earlier run had. */
  readonly hubs?: number | undefined;
  /** 0, or nothing, asks for a free one, or the earlier run's. */
  readonly controlPort?: number | undefined;
  /** Unless given, the earlier run's, or one that is made up. */
  readonly scopeId?: string | undefined;
  /** How long after its expiry a token still passes and a connection stays, in seconds; 5 unless given. */
  readonly sasGraceSeconds?: number | undefined;
  /** Sent by DPS with "assigning", in seconds; 3 unless given, as the service does. 0 makes tests quick. */
  readonly retryAfterSeconds?: number | undefined;
  /** DPS refuses a bad credential at CONNECT (5) instead of at the register request (401). */
  readonly refuseAtConnect?: boolean | undefined;
  /** What a reset is called that leaves a device at its hub. */
  readonly sameHubReset?: 'deviceDataReset' | 'reprovisionedToInitialAssignment' | undefined;
  /** Put in place at every start, over what the earlier run has kept. */
  readonly seed?: Seed | undefined;
  /** How many messages to keep; 10,000 unless given. What is dropped is counted. */
  readonly maxMessages?: number | undefined;
  readonly clock?: Clock | undefined;
  readonly log?: Log | undefined;
}

export interface HubAddress {
  /** What DPS gives as `assignedHub`. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

const maxMessagesBytes = 64 * 1024 * 1024;
const maxConnectionRecords = 20_000;

export interface Simulator {
  readonly scopeId: string;
  readonly dps: { readonly host: string; readonly port: number };
  readonly hubs: readonly HubAddress[];
  /** Without a slash at the end. */
  readonly controlUrl: string;
  readonly caFile: string;
  readonly caPem: string;
  readonly registry: Registry;
  readonly faults: FaultDesk;
  readonly messages: Journal<DeviceMessage>;
  readonly connections: ConnectionLog;
  /** What has been uploaded. */
  readonly blobs: BlobStore;
  /** File uploads that were begun, and how their devices say that they ended. */
  readonly fileUploads: Journal<FileUploadRecord>;
  /** A URL with which anyone may read and write a blob for so many seconds, or an hour. */
  blobUrl(name: string, seconds?: number): string;
  /** Rejects with a ServiceError: 404 when the device is not online, 504 when it does not answer. */
  invokeMethod(deviceId: string, request: MethodRequest, options?: CallOptions): Promise<MethodResult>;
  /** Returns the message ID. */
  sendCloudToDevice(deviceId: string, message: CloudToDeviceMessage, options?: CallOptions): string;
  patchDesired(deviceId: string, desired: JsonObject, options?: CallOptions): Twin;
  /** Resolves with the device's twin as soon as it satisfies; rejects when the signal is aborted. */
  untilTwin(deviceId: string, wanted: (twin: Twin) => boolean, signal: AbortSignal): Promise<Twin>;
  /** Ends every connection and writes the state; nothing is left open. */
  close(): Promise<void>;
}

export interface CallOptions {
  /** A hub's name; without it the hub that holds the device. */
  readonly hub?: string;
  readonly signal?: AbortSignal;
}

/**
 * Starts DPS, the hubs and the control API. Rejects, with nothing left open, with a ListenError when a port is taken, and
 * with a DataDirectoryError when the data directory is, or cannot be written.
 */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const claim = await claimDataDirectory(options.dataDirectory, options.log ?? quietLog);
  try {
    const simulator = await startHere(options);
    const close = (): Promise<void> => simulator.close().finally(() => claim.release());
    return { ...simulator, close };
  } catch (error) {
    await claim.release();
    throw error;
  }
}

async function startHere(options: SimulatorOptions): Promise<Simulator> {
  const clock = options.clock ?? new SystemClock();
  const log = options.log ?? quietLog;
  const statePath = stateFileIn(options.dataDirectory);
  const earlier = await usable(options.dataDirectory, readState(statePath, log));
  const publicHost = options.publicHost ?? 'localhost';
  const names = [...new Set(['localhost', '127.0.0.1', '::1', publicHost, ...(options.names ?? [])])];
  const identity = await usable(
    options.dataDirectory,
    loadIdentity(options.dataDirectory, names, clock.now(), log),
  );
  const core = makeCore(options, earlier, clock, log);
  const { faults, connections, messages, registry, dps, blobs, uploads } = core;
  const host = options.host ?? '127.0.0.1';

  const gateways = Array.from(
    { length: options.hubs ?? earlier?.hubs.length ?? 1 },
    () => new Gateway({ host, credential: identity.server, clock, log, faults: faults.book, connections }),
  );
  const ports = portsFor(gateways.length, options, earlier);
  await closingOnFailure(gateways, async () => {
    for (const [index, gateway] of gateways.entries()) await gateway.listen(ports[index] ?? 0);
  });
  const hubs = gateways.map((gateway) => core.makeHub(publicHost, names, gateway.port));
  registry.link(hubs);
  if (earlier !== undefined) registry.restore(earlier);
  await closingOnFailure(gateways, () => {
    applySeed(registry, options.seed ?? {});
  });
  faults.attach(gateways);
  const blobUrl = (name: string, seconds = 3600): string => {
    const path = name.split('/').map(encodeURIComponent).join('/');
    return `https://${hubs[0]?.name ?? ''}/${container}/${path}${blobs.grant(name, seconds)}`;
  };
  const control = new ControlServer({
    host,
    clock,
    log,
    scopeId: dps.scopeId,
    registry,
    faults,
    messages,
    connections,
    blobs,
    fileUploads: uploads.journal,
    blobUrl,
  });
  const controlPort = asked(options.controlPort) ?? earlier?.controlPort ?? options.defaultControlPort ?? 0;
  await closingOnFailure(gateways, () => control.listen(controlPort));
  const writer = new StateWriter(
    statePath,
    () => ({ scopeId: dps.scopeId, controlPort: control.port, ...registry.snapshot() }),
    clock,
    log,
  );
  const changes = new Changes();
  core.onChange(() => {
    writer.changed();
    changes.announce();
  });
  writer.changed();
  for (const [index, gateway] of gateways.entries()) {
    const hub = hubs[index];
    if (hub === undefined) continue;
    const common = { faults: faults.book, clock };
    const requests = httpDesk({
      hubName: hub.name,
      files: new FileUploadEndpoint({ ...common, hub, uploads }),
      blobs: new BlobEndpoint({ ...common, blobs }),
      log,
    });
    gateway.serve({ hub, dps: index === 0 ? dps : undefined, requests });
  }

  const reachable = isAnyAddress(host) ? publicHost : host;
  const dpsPort = gateways[0]?.port ?? 0;
  return {
    scopeId: dps.scopeId,
    dps: { host: publicHost, port: dpsPort },
    hubs: hubs.map(({ name, port }) => ({ name, host: publicHost, port })),
    controlUrl: `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${control.port}`,
    caFile: identity.caFile,
    caPem: identity.ca.certificatePem,
    registry,
    faults,
    messages,
    connections,
    blobs,
    fileUploads: uploads.journal,
    blobUrl,
    invokeMethod: (deviceId, request, { hub, signal } = {}) =>
      registry.hubOf(deviceId, hub).invoke(deviceId, request, signal ?? new AbortController().signal),
    sendCloudToDevice: (deviceId, message, { hub } = {}) =>
      registry.sendCloudToDevice(deviceId, message, hub),
    patchDesired: (deviceId, desired, { hub } = {}) =>
      registry.patchTwin(deviceId, { properties: { desired } }, hub),
    untilTwin: (deviceId, wanted, signal) =>
      changes.until(() => {
        const twin = registry.hubs
          .map(({ store }) => store.find(deviceId)?.twin)
          .find((each) => each !== undefined);
        return twin !== undefined && wanted(twin) ? twin : undefined;
      }, signal),
    close: async () => {
      // A fault that is cleared later must not open a port again.
      faults.attach([]);
      await Promise.all([control.close(), ...gateways.map((gateway) => gateway.close())]);
      await writer.close();
    },
  };
}

interface Core {
  readonly faults: FaultDesk;
  readonly connections: ConnectionLog;
  readonly messages: Journal<DeviceMessage>;
  readonly registry: Registry;
  readonly dps: Dps;
  readonly blobs: BlobStore;
  readonly uploads: FileUploads;
  makeHub(publicHost: string, names: readonly string[], port: number): Hub;
  /** Calls back for every change that must survive a restart. */
  onChange(listener: () => void): void;
}

/** Everything without sockets. */
function makeCore(
  options: SimulatorOptions,
  earlier: SimulatorState | undefined,
  clock: Clock,
  log: Log,
): Core {
  let listener = (): void => undefined;
  let sequence = 0;
  const changed = (): void => {
    listener();
  };
  const faults = new FaultDesk(new FaultBook());
  const connections = new ConnectionLog(maxConnectionRecords);
  const messages = new Journal<DeviceMessage>({
    maxItems: options.maxMessages ?? 10_000,
    maxBytes: maxMessagesBytes,
    bytesOf: (message) => message.bytes,
  });
  const registry = new Registry(clock, changed);
  const blobs = new BlobStore(clock);
  const graceMs = (options.sasGraceSeconds ?? 5) * 1000;
  const common = { clock, log, faults: faults.book, graceMs };
  return {
    faults,
    connections,
    messages,
    registry,
    blobs,
    uploads: new FileUploads(blobs, clock),
    dps: new Dps({
      ...common,
      scopeId: options.scopeId ?? earlier?.scopeId ?? `0ne${randomBytes(4).toString('hex').toUpperCase()}`,
      enrollments: registry.enrollments,
      groups: registry.enrollmentGroups,
      registrations: registry.registrations,
      authority: (name) => registry.certificate(name),
      hubs: () => registry.hubs,
      retryAfter: options.retryAfterSeconds ?? 3,
      sameHubReset: options.sameHubReset ?? 'deviceDataReset',
      refuseAtConnect: options.refuseAtConnect ?? false,
    }),
    makeHub: (publicHost, names, port) =>
      new Hub({
        ...common,
        name: `${publicHost}:${port}`,
        port,
        hostNames: names.map((name) => name.toLowerCase()).flatMap((name) => [name, `${name}:${port}`]),
        connections,
        messages,
        nextSequence: () => ++sequence,
        authorities: () => [...registry.certificates().values()],
        changed,
      }),
    onChange: (next) => {
      listener = next;
    },
  };
}

/** Nothing is left listening when a start fails half-way. */
async function closingOnFailure(
  gateways: readonly Gateway[],
  work: () => Promise<void> | void,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    await Promise.all(gateways.map((gateway) => gateway.close()));
    throw error;
  }
}

/** A port that is asked for counts; else the earlier run's; else the default; else any free one. */
function portsFor(count: number, options: SimulatorOptions, earlier: SimulatorState | undefined): number[] {
  const first = asked(options.port);
  return Array.from({ length: count }, (_, index) => {
    if (first !== undefined) return first + index;
    const remembered = earlier?.hubs[index]?.port;
    return remembered ?? (options.defaultPort === undefined ? 0 : options.defaultPort + index);
  });
}

/** 0 asks for no port in particular. */
function asked(port: number | undefined): number | undefined {
  return port === 0 ? undefined : port;
}

function isAnyAddress(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}
