import { randomBytes } from 'node:crypto';
import { startSimulator } from '../../src/simulator/simulator.ts';
import type { Simulator, SimulatorOptions } from '../../src/simulator/simulator.ts';
import type { Scratch } from './scratch.ts';
import { keepSecret } from './test-logs.ts';

/** A simulator of its own for a test, gone when the test is over. */
export async function simulatorFor(
  scratch: Scratch,
  options: Partial<SimulatorOptions> = {},
): Promise<Simulator> {
  const dataDirectory = options.dataDirectory ?? (await scratch.folder());
  const simulator = await startSimulator({ retryAfterSeconds: 0, ...options, dataDirectory });
  scratch.defer(() => simulator.close());
  return simulator;
}

export function newKey(): string {
  const key = randomBytes(32).toString('base64');
  keepSecret(key);
  return key;
}

/** An individual enrollment with a symmetric key; returns the device's attestation for config.yaml. */
export function enrollWithKey(
  simulator: Simulator,
  registrationId: string,
  over: object = {},
): Readonly<Record<string, string>> {
  const symmetric_key = newKey();
  putKeyEnrollment(simulator, registrationId, symmetric_key, over);
  return { method: 'symmetric_key', registration_id: registrationId, symmetric_key };
}

export function putKeyEnrollment(
  simulator: Simulator,
  registrationId: string,
  primaryKey: string,
  over: object = {},
): void {
  simulator.registry.enrollments.put(registrationId, {
    attestation: { type: 'symmetricKey', symmetricKey: { primaryKey, secondaryKey: newKey() } },
    ...over,
  });
}

/** How often devices have come to DPS. */
export function dpsConnections(simulator: Simulator): number {
  return simulator.connections.history().filter(({ service }) => service === 'dps').length;
}
