import type { Assignment } from '../provisioning/dps-client.ts';
import { agentVersion } from '../version.ts';
import { readDeviceInformation } from './device-information.ts';
import type { ReportedProperties } from './properties.ts';

/** What the device reports about itself when a session begins: the device, the agent, and how it was provisioned. */
export function aboutDevice(facts: {
  readonly bootTime: Date;
  readonly method: string;
  readonly root: string;
}): (assignment: Assignment) => Promise<ReportedProperties> {
  return async ({ assignedHub, deviceId, assignedAt, substatus }) => ({
    deviceInformation: await readDeviceInformation(agentVersion, facts.root),
    agent: { version: agentVersion, bootTime: facts.bootTime.toISOString() },
    provisioning: {
      hub: assignedHub,
      deviceId,
      method: facts.method,
      assignedAt,
      substatus: substatus ?? null,
    },
  });
}
