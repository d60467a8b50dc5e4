import * as v from 'valibot';
import type { Enrollment } from '../../simulator/enrollment.ts';
import { deriveDeviceKeys } from '../../simulator/keys.ts';
import type { Simulator } from '../../simulator/simulator.ts';
import type { FaultKind } from './fault-kind.ts';
import { defineKind, forEach, suited } from './kind.ts';

/** What an operator does: says at DPS where the device belongs, and shuts it out at its old hub. It stays there. */
export const hubMoved: FaultKind = defineKind({
  name: 'hub-moved',
  summary: 'DPS assigns another hub, and the device is disabled (or deleted) at the old one; it stays moved',
  timing: { exclusive: 'identity', shortestMs: 0 },
  options: v.strictObject({ old: v.optional(v.picklist(['disabled', 'deleted']), 'disabled') }),
  unavailable: ({ cloud }) => (cloud.simulator.hubs.length > 1 ? undefined : 'there is one hub only'),
  strike: ({ old }, members, field) => {
    const { cloud } = field;
    const struck = suited(members, field, ({ name }) => canBeMoved(cloud.simulator, name));
    return {
      description: `moved to another hub, ${old} at the old one`,
      struck,
      run: () =>
        forEach(struck, ({ name }) => {
          move(cloud.simulator, name, old);
        }),
    };
  },
});

/** One with a key, that has been assigned before. */
function canBeMoved({ registry }: Simulator, name: string): boolean {
  return registry.registrations.find(name)?.assignedHub !== undefined && keysOf(registry, name) !== undefined;
}

function move({ registry, hubs }: Simulator, name: string, old: 'disabled' | 'deleted'): void {
  const { assignedHub = '' } = registry.registrations.get(name);
  const at = hubs.findIndex((hub) => hub.name === assignedHub);
  const next = hubs[(at + 1) % hubs.length];
  const keys = keysOf(registry, name);
  if (next === undefined || keys === undefined) throw new Error(`cannot move ${name} from ${assignedHub}`);
  registry.enrollments.put(name, {
    attestation: { type: 'symmetricKey', symmetricKey: { ...keys } },
    allocationPolicy: 'static',
    iotHubs: [next.name],
  });
  const { store } = registry.hub(assignedHub);
  if (store.find(name) === undefined) return;
  if (old === 'deleted') store.delete(name);
  else store.put(name, { status: 'disabled', statusReason: `moved to ${next.name}` });
}

type Keys = Extract<Enrollment['attestation'], { type: 'symmetricKey' }>['symmetricKey'];

/** Its own, or those that its group's make for it: a member of a group is moved by an enrollment of its own. */
function keysOf(registry: Simulator['registry'], name: string): Keys {
  const own = registry.enrollments.find(name)?.attestation;
  if (own !== undefined) return own.type === 'symmetricKey' ? own.symmetricKey : undefined;
  const group = registry.registrations.find(name)?.enrollmentGroupId;
  const attestation = group === undefined ? undefined : registry.enrollmentGroups.find(group)?.attestation;
  if (attestation?.type !== 'symmetricKey') return undefined;
  const { primaryKey, secondaryKey } = attestation.symmetricKey ?? {};
  if (primaryKey === undefined || secondaryKey === undefined) return undefined;
  return deriveDeviceKeys({ primaryKey, secondaryKey }, name);
}
