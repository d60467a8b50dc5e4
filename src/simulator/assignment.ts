import { allocate } from './allocation.ts';
import type { Enrollment, EnrollmentGroup } from './enrollment.ts';
import type { Registration, Substatus } from './registration.ts';

/** What registering comes to, and what must be done to the device's data at the hubs. */
export type Assignment =
  | { readonly kind: 'disabled' }
  | { readonly kind: 'failed'; readonly errorCode: number; readonly errorMessage: string }
  | {
      readonly kind: 'assigned';
      readonly hub: string;
      readonly deviceId: string;
      readonly substatus: Substatus;
      readonly data: 'create' | 'keep' | 'reset' | 'migrate';
    };

export interface AssignmentFacts {
  readonly entry: Enrollment | EnrollmentGroup;
  /** As the device presented it. */
  readonly registrationId: string;
  readonly previous: Registration | undefined;
  /** Whether the device identity of the previous assignment still exists at its hub. */
  readonly previousDeviceExists: boolean;
  readonly linkedHubs: readonly string[];
  /** What a reset is called when the hub stays the same; Microsoft's texts disagree (protocol.md 2.6). */
  readonly sameHubReset: Substatus;
}

/** The reprovisioning rules of protocol.md 2.6. */
export function assign(facts: AssignmentFacts): Assignment {
  const { entry, previous, linkedHubs } = facts;
  if (entry.provisioningStatus === 'disabled') return { kind: 'disabled' };
  const current = currentAssignment(facts);
  if (current !== undefined && !entry.reprovisionPolicy.updateHubAssignment) {
    const substatus = previous?.substatus ?? 'initialAssignment';
    return { kind: 'assigned', ...current, substatus, data: 'keep' };
  }
  const hub = allocate(entry, facts.registrationId, linkedHubs);
  if (hub === undefined) {
    return {
      kind: 'failed',
      errorCode: 400208,
      errorMessage: 'No linked IoT hub is eligible for this device.',
    };
  }
  if (current === undefined) {
    const deviceId = deviceIdOf(entry, facts.registrationId);
    return { kind: 'assigned', hub, deviceId, substatus: 'initialAssignment', data: 'create' };
  }
  return { kind: 'assigned', hub, deviceId: current.deviceId, ...reassign(facts, current.hub === hub) };
}

function reassign(
  { entry, sameHubReset }: AssignmentFacts,
  sameHub: boolean,
): { readonly substatus: Substatus; readonly data: 'keep' | 'reset' | 'migrate' } {
  if (!entry.reprovisionPolicy.migrateDeviceData) {
    return { substatus: sameHub ? sameHubReset : 'deviceDataReset', data: 'reset' };
  }
  return sameHub
    ? { substatus: 'reprovisionedToInitialAssignment', data: 'keep' }
    : { substatus: 'deviceDataMigrated', data: 'migrate' };
}

function currentAssignment({
  previous,
  previousDeviceExists,
  linkedHubs,
}: AssignmentFacts): { readonly hub: string; readonly deviceId: string } | undefined {
  const { assignedHub: hub, deviceId } = previous ?? {};
  if (hub === undefined || deviceId === undefined) return undefined;
  return previousDeviceExists && linkedHubs.includes(hub) ? { hub, deviceId } : undefined;
}

/** An individual entry may name the device; a group's devices are named by what they present. */
function deviceIdOf(entry: Enrollment | EnrollmentGroup, registrationId: string): string {
  return 'deviceId' in entry && typeof entry.deviceId === 'string' ? entry.deviceId : registrationId;
}
