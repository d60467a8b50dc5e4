import { randomBytes } from 'node:crypto';
import { Connector } from '../../../src/azure/connector.ts';
import type { ConnectorOptions } from '../../../src/azure/connector.ts';
import type { Proxy } from '../../../src/azure/proxy-tunnel.ts';
import { AzureDpsClient } from '../../../src/azure/dps-client.ts';
import { AzureHubClient } from '../../../src/azure/hub-client.ts';
import { SecureContexts } from '../../../src/azure/secure-contexts.ts';
import { WayMemory } from '../../../src/azure/way-memory.ts';
import type { WayStore } from '../../../src/azure/way-memory.ts';
import type { WayOptions } from '../../../src/azure/way-options.ts';
import { WireBytes } from '../../../src/azure/wire-bytes.ts';
import { createDeviceCertificate } from '../../../src/certificates/certificate.ts';
import type { HubClient, HubSession } from '../../../src/connection/hub-client.ts';
import { SystemClock } from '../../../src/lib/clock.ts';
import { Secret } from '../../../src/lib/secret.ts';
import type { Credential } from '../../../src/provisioning/credential.ts';
import type { Assignment, DpsClient } from '../../../src/provisioning/dps-client.ts';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { telemetryMessage } from '../../fakes/telemetry-message.ts';
import type { Scratch } from '../../support/scratch.ts';
import { enrollWithKey } from '../../support/simulator.ts';
import { keepSecret } from '../../support/test-logs.ts';
import { WatchedLog } from '../../support/watched-log.ts';

export const soon = (): AbortSignal => AbortSignal.timeout(10_000);

/** Both ports with the real SDK, on the ways that are given. */
export interface Cloud {
  readonly dps: DpsClient;
  readonly hub: HubClient;
  readonly wire: WireBytes;
  readonly log: WatchedLog;
}

export interface Steered extends Partial<Omit<WayOptions, 'proxy'>> {
  readonly proxy?: Proxy;
  readonly connectTimeoutMs?: number;
  readonly keepAliveMs?: number;
}

export interface CloudOptions extends Steered {
  readonly store?: WayStore;
}

export function cloudOf(
  simulator: Pick<Simulator, 'caPem'>,
  { store, ...given }: CloudOptions,
  steered: () => Steered = () => given,
): Cloud {
  const clock = new SystemClock();
  const log = new WatchedLog();
  const wire = new WireBytes();
  const connector = new Connector(
    () => optionsOf(steered()),
    new SecureContexts([simulator.caPem]),
    new WayMemory(clock, store),
    wire,
    clock,
    log.log,
  );
  return {
    dps: new AzureDpsClient(connector, clock),
    hub: new AzureHubClient({ ackTimeoutMs: 5000 }, connector, clock, log.log),
    wire,
    log,
  };
}

function optionsOf({ proxy, ...given }: Steered): ConnectorOptions {
  return {
    transport: 'mqtt',
    routeId: 'given',
    noProxy: [],
    proxy: proxy && (() => Promise.resolve(proxy)),
    connectTimeoutMs: 5000,
    keepAliveMs: 25_000,
    ...given,
  };
}

export async function enroll(simulator: Simulator, method: Credential['method']): Promise<Credential> {
  const registrationId = `gw-${randomBytes(4).toString('hex')}`;
  if (method === 'symmetric_key') {
    const { symmetric_key = '' } = enrollWithKey(simulator, registrationId);
    return { method, name: 'primary', registrationId, key: new Secret(symmetric_key) };
  }
  const [notBefore, notAfter] = [-1, 1].map((hours) => new Date(Date.now() + hours * 3_600_000));
  const leaf = await createDeviceCertificate({
    commonName: registrationId,
    validity: { notBefore: notBefore ?? new Date(), notAfter: notAfter ?? new Date() },
  });
  simulator.registry.enrollments.put(registrationId, {
    attestation: {
      type: 'x509',
      x509: { clientCertificates: { primary: { certificate: leaf.certificatePem } } },
    },
  });
  keepSecret(leaf.privateKeyPem.split('\n')[1] ?? '');
  return {
    method,
    name: 'primary',
    registrationId,
    certificate: leaf.certificatePem,
    privateKey: new Secret(leaf.privateKeyPem),
  };
}

export async function register(
  cloud: Cloud,
  simulator: Simulator,
  credential: Credential,
  signal = soon(),
): Promise<Assignment> {
  const { dps: endpoint, scopeId } = simulator;
  return await cloud.dps.register({ endpoint, scopeId, credential }, signal);
}

/** Registers, connects, sends one message, waits until the simulator has it, and closes. */
export async function roundTrip(
  scratch: Scratch,
  cloud: Cloud,
  simulator: Simulator,
  credential: Credential,
): Promise<void> {
  const session = await connected(scratch, cloud, simulator, credential);
  await session.send(telemetryMessage('m-1'));
  await simulator.messages.waitFor(({ device }) => device === credential.registrationId, soon());
  await session.close();
}

export async function connected(
  scratch: Scratch,
  cloud: Cloud,
  simulator: Simulator,
  credential: Credential,
): Promise<HubSession> {
  const assignment = await register(cloud, simulator, credential);
  const session = await cloud.hub.connect(assignment, credential, soon());
  scratch.defer(() => session.close());
  return session;
}
