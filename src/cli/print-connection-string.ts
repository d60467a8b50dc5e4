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
import { realWorld } from '../world.ts';
import type { World } from '../world.ts';
import { errorLog } from './error-log.ts';
import { readConfig } from './read-config.ts';
import { stateDirectoryOf } from './state-directory.ts';
import { exitCodes } from './usage.ts';

/** Registers once and prints the connection string; nothing else goes to standard output. */
export async function printConnectionString(configPath: string): Promise<number> {
  const { config, warnings } = await readConfig(configPath);
  for (const warning of warnings) say(warning);
  try {
    process.stdout.write(`${await obtain(config, await realWorld({ current: config }, errorLog))}\n`);
    return exitCodes.success;
  } catch (error) {
    if (!(error instanceof CloudError)) throw error;
    explain(error);
    return exitCodes.failure;
  }
}

/** What other tools take (protocol.md 6): the key as it is, whatever it ends with. */
export function connectionStringOf({ assignedHub, deviceId }: Assignment, credential: Credential): string {
  const proof = credential.method === 'x509' ? 'x509=true' : `SharedAccessKey=${credential.key.reveal()}`;
  return `HostName=${assignedHub};DeviceId=${deviceId};${proof}`;
}

/** With the first credential, and where that is refused with the second. */
async function obtain(config: Config, world: World): Promise<string> {
  const attestation = attestationOf(config.provisioning.attestation, stateDirectoryOf(config));
  const obtainWith = async (name: CredentialName): Promise<string> => {
    const credential = await loadCredential(attestation, name, world);
    return connectionStringOf(await assignmentFor(config.provisioning, credential, world), credential);
  };
  try {
    return await obtainWith('primary');
  } catch (error) {
    const isRefused = error instanceof CloudError && concernsCredential(error.code);
    if (!isRefused || !credentialNames(attestation).includes('secondary')) throw error;
    explain(error);
    say('trying the secondary credential');
    return await obtainWith('secondary');
  }
}

async function assignmentFor(
  provisioning: Config['provisioning'],
  credential: Credential,
  { clock, dps, secrets }: World,
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

function explain(error: CloudError): void {
  say(`${describeError(error)} (${error.code})`);
  say(`what to do: ${error.remedy}`);
}

function say(sentence: string): void {
  process.stderr.write(`dps-agent: ${sentence}\n`);
}
