import process from 'node:process';
import { CloudError, concernsCredential } from '../cloud-error.ts';
import type { Config } from '../config/schema.ts';
import { withDeadline } from '../lib/deadline.ts';
import { describeError } from '../lib/errors.ts';
import { attestationOf } from '../provisioning/attestation.ts';
import { credentialNames, loadCredential } from '../provisioning/credential.ts';
import type { Credential, CredentialName } from '../provisioning/credential.ts';
import type { Assignment } from '../provisioning/dps-client.ts';
import { ManualSource } from '../provisioning/manual.ts';
import type { World } from '../world.ts';
import { stateDirectoryOf } from './state-directory.ts';

/** Where the device belongs, and the credential that proved it. */
export interface Registered {
  readonly assignment: Assignment;
  readonly credential: Credential;
}

/**
 * Asks DPS, or the configuration where that says it, once with the first credential, and where that is refused with the
 * second. What happens is told on standard error; nothing is remembered. Rejects with a CloudError.
 */
export async function registerOnce(
  config: Config,
  world: Pick<World, 'clock' | 'dps' | 'secrets'>,
): Promise<Registered> {
  const attestation = attestationOf(config.provisioning.attestation, stateDirectoryOf(config));
  const registerWith = async (name: CredentialName): Promise<Registered> => {
    const credential = await loadCredential(attestation, name, world);
    return { assignment: await assignmentFor(config.provisioning, credential, world), credential };
  };
  try {
    return await registerWith('primary');
  } catch (error) {
    const isRefused = error instanceof CloudError && concernsCredential(error.code);
    if (!isRefused || !credentialNames(attestation).includes('secondary')) throw error;
    explain(error);
    say('trying the secondary credential');
    return await registerWith('secondary');
  }
}

/** Tells a person on standard error what has failed, and what to do. */
export function explain(error: CloudError): void {
  say(`${describeError(error)} (${error.code})`);
  say(`what to do: ${error.remedy}`);
}

/** A sentence on standard error. */
export function say(sentence: string): void {
  process.stderr.write(`dps-agent: ${sentence}\n`);
}

async function assignmentFor(
  provisioning: Config['provisioning'],
  credential: Credential,
  { clock, dps, secrets }: Pick<World, 'clock' | 'dps' | 'secrets'>,
): Promise<Assignment> {
  if (provisioning.source === 'manual')
    return new ManualSource(provisioning.attestation, secrets, clock).register(credential);
  const { globalEndpoint: endpoint, scopeId, payload, deadlineMs } = provisioning;
  const doing = `register ${credential.registrationId} with DPS at ${endpoint.host}:${endpoint.port}`;
  say(`registering ${credential.registrationId} with DPS at ${endpoint.host}:${endpoint.port}`);
  const request = { endpoint, scopeId, credential, ...(payload === undefined ? {} : { payload }) };
  const late = new CloudError('DPS-TIMEOUT', doing);
  const never = new AbortController().signal;
  const assignment = await withDeadline(clock, deadlineMs, late, never, (signal) =>
    dps.register(request, signal),
  );
  say(`DPS has assigned ${assignment.assignedHub}, where the device is ${assignment.deviceId}`);
  return assignment;
}
