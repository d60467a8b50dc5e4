import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import common from 'azure-iot-common';
import { Client } from 'azure-iot-device';
import { Mqtt } from 'azure-iot-device-mqtt';
import { MqttBase } from 'azure-iot-mqtt-base';
import provisioning from 'azure-iot-provisioning-device';
import type { RegistrationResult } from 'azure-iot-provisioning-device';
import { Mqtt as ProvisioningMqtt } from 'azure-iot-provisioning-device-mqtt';
import { SymmetricKeySecurityClient } from 'azure-iot-security-symmetric-key';
import { X509Security } from 'azure-iot-security-x509';
import type { Credential } from '../../../src/certificates/certificate.ts';
import { startSimulator } from '../../../src/simulator/simulator.ts';
import type { Simulator, SimulatorOptions } from '../../../src/simulator/simulator.ts';

/** No test waits longer than this for anything. */
export const deadline = (): AbortSignal => AbortSignal.timeout(10_000);

const undoings = new WeakMap<TestContext, (() => unknown)[]>();

/**
 * Undone when the test is over, last first, each whatever became of the others. The hooks of node:test run first to
 * last and end at the first that fails: a directory would be removed while a simulator still writes into it.
 */
export function whenOver(t: TestContext, undo: () => unknown): void {
  const earlier = undoings.get(t);
  if (earlier !== undefined) {
    earlier.push(undo);
    return;
  }
  const all = [undo];
  undoings.set(t, all);
  t.after(async () => {
    const errors: unknown[] = [];
    for (const each of all.reverse()) {
      try {
        await each();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw new AggregateError(errors, 'cannot clean up after the test');
  });
}

export async function temporaryDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'dps-agent-simulator-'));
  whenOver(t, () => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** A simulator on free ports that is gone with the test; DPS lets clients poll at once. */
export async function simulatorFor(
  t: TestContext,
  options: Partial<SimulatorOptions> = {},
): Promise<Simulator> {
  const dataDirectory = options.dataDirectory ?? (await temporaryDirectory(t));
  const simulator = await startSimulator({ retryAfterSeconds: 0, ...options, dataDirectory });
  whenOver(t, () => simulator.close());
  return simulator;
}

/** Registers as an unmodified SDK client does, with a symmetric key or a certificate. */
export async function register(
  simulator: Simulator,
  registrationId: string,
  proof: string | Credential,
  payload?: object,
): Promise<RegistrationResult> {
  const base = new MqttBase();
  base.setOptions({ ca: simulator.caPem });
  const security =
    typeof proof === 'string'
      ? new SymmetricKeySecurityClient(registrationId, proof)
      : new X509Security(registrationId, { cert: proof.certificatePem, key: proof.privateKeyPem });
  const { host, port } = simulator.dps;
  const client = provisioning.ProvisioningDeviceClient.create(
    `${host}:${port}`,
    simulator.scopeId,
    new ProvisioningMqtt(base),
    security,
  );
  if (payload !== undefined) client.setProvisioningPayload(payload);
  const result = await client.register();
  if (result === undefined) throw new Error('cannot go on: the SDK gave no registration result');
  return result;
}

export interface DeviceAddress {
  readonly assignedHub: string;
  readonly deviceId: string;
}

/** A device's SDK client, opened, closed with the test. */
export async function openDevice(
  t: TestContext,
  simulator: Simulator,
  { assignedHub, deviceId }: DeviceAddress,
  proof: string | Credential,
): Promise<Client> {
  const secret = typeof proof === 'string' ? `SharedAccessKey=${proof}` : 'x509=true';
  const client = Client.fromConnectionString(`HostName=${assignedHub};DeviceId=${deviceId};${secret}`, Mqtt);
  client.setRetryPolicy(new common.NoRetry());
  client.on('error', () => undefined);
  const certificate =
    typeof proof === 'string' ? {} : { cert: proof.certificatePem, key: proof.privateKeyPem };
  await client.setOptions({ ca: simulator.caPem, ...certificate });
  whenOver(t, () => client.close().catch(() => undefined));
  await client.open();
  return client;
}

/** Calls the control API. */
export async function control(
  simulator: Simulator,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<{ readonly status: number; readonly body: unknown; readonly headers: Headers }> {
  const response = await fetch(`${simulator.controlUrl}${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    body: text === '' ? undefined : JSON.parse(text),
    headers: response.headers,
  };
}
