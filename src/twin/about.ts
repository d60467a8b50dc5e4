import type { Credential, CredentialName } from '../provisioning/credential.ts';
import type { Assignment } from '../provisioning/dps-client.ts';
import { agentVersion } from '../version.ts';
import { readDeviceInformation } from './device-information.ts';
import type { ReportedProperties } from './properties.ts';

/** What the device reports about itself when a session begins: the device, the agent, and how it was provisioned. */
export function aboutDevice(facts: {
  /** Asked anew for each session: the clock may have been set since the start. */
  readonly bootTime: () => Date;
  readonly root: string;
  /** Of the certificate of this name; `undefined` for a symmetric key. */
  readonly daysLeft: (name: CredentialName) => number | undefined;
}): (assignment: Assignment, credential: Credential) => Promise<ReportedProperties> {
  return async ({ assignedHub, deviceId, assignedAt, substatus }, { name, method }) => ({
    deviceInformation: await readDeviceInformation(agentVersion, facts.root),
    agent: { version: agentVersion, bootTime: facts.bootTime().toISOString() },
    provisioning: {
      hub: assignedHub,
      deviceId,
      method,
      credential: name,
      certificateDaysLeft: facts.daysLeft(name) ?? null,
      assignedAt,
      substatus: substatus ?? null,
    },
  });
}
