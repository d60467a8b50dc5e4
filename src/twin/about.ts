import type { Credential } from '../provisioning/credential.ts';
import type { Assignment } from '../provisioning/dps-client.ts';
import { agentVersion } from '../version.ts';
import { readDeviceInformation } from './device-information.ts';
import type { ReportedProperties } from './properties.ts';

/** What the device reports about itself when a session begins: the device, the agent, and how it was provisioned. */
export function aboutDevice(facts: {
  readonly bootTime: Date;
  readonly root: string;
}): (assignment: Assignment, credential: Credential) => Promise<ReportedProperties> {
  return async ({ assignedHub, deviceId, assignedAt, substatus }, { name, method }) => ({
    deviceInformation: await readDeviceInformation(agentVersion, facts.root),
    agent: { version: agentVersion, bootTime: facts.bootTime.toISOString() },
    provisioning: {
      hub: assignedHub,
      deviceId,
      method,
      credential: name,
      assignedAt,
      substatus: substatus ?? null,
    },
  });
}
