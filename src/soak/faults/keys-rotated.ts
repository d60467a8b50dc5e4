import { writeFileAtomically } from '../../lib/atomic-file.ts';
import { deriveDeviceKey, generateKeys } from '../../simulator/keys.ts';
import type { Simulator } from '../../simulator/simulator.ts';
import type { Member } from '../fleet/fleet.ts';
import { dropConnections } from './cloud-faults.ts';
import type { Battlefield, FaultKind } from './fault-kind.ts';
import { defineKind, forEach, held, noOptions, suited } from './kind.ts';

/** The device's first key is no longer good: it has to get on with its second, until somebody writes the new one. */
const keysRotated = defineKind({
  name: 'keys-rotated',
  summary:
    'the primary key of an individual enrollment and its device is replaced, and the connection dropped; in the end the new key is written to the agent’s file',
  timing: { exclusive: 'identity', shortestMs: 3000 },
  options: noOptions,
  unavailable: ({ fleet }) =>
    fleet.members.some(isByKey) ? undefined : 'no agent has an individual enrollment and its key in a file',
  strike: (_options, members, field) => {
    const struck = suited(members, field, isByKey);
    return {
      description: 'primary key replaced',
      struck,
      run: async (signal) => {
        const keys = new Map(struck.map((member) => [member, generateKeys().primaryKey]));
        try {
          for (const [{ name }, key] of keys) replacePrimaryKey(field.cloud.simulator, name, key);
          dropConnections(field, namesOf(struck));
          await held(signal);
        } finally {
          await forEach(keys, ([member, key]) => writeKey(member, key, field));
        }
      },
    };
  },
});

/** A group's key concerns all its members: those that are not told in time are shut out, so all of them are struck. */
const groupKeyRotated = defineKind({
  name: 'group-key-rotated',
  summary:
    'a group’s primary key is replaced, every member’s new key written to its file, and its connection dropped: the hub knows it only when DPS has told it',
  timing: { exclusive: 'identity', shortestMs: 0 },
  options: noOptions,
  unavailable: ({ fleet }) =>
    fleet.members.some(isByGroup) ? undefined : 'no agent has a key of a group’s in a file',
  strike: (_options, members, field) => {
    const { registrations } = field.cloud.simulator.registry;
    const groupOf = ({ name }: Member): string | undefined => registrations.find(name)?.enrollmentGroupId;
    const group = suited(members, field, isByGroup)
      .map(groupOf)
      .find((name) => name !== undefined);
    const struck =
      group === undefined
        ? []
        : field.fleet.members.filter((member) => isByGroup(member) && groupOf(member) === group);
    return {
      description: `key of group ${group ?? '?'} replaced`,
      struck,
      run: async () => {
        const key = generateKeys().primaryKey;
        if (group !== undefined) replaceGroupKey(field.cloud.simulator, group, key);
        await forEach(struck, (member) => writeKey(member, deriveDeviceKey(key, member.name), field));
        dropConnections(field, namesOf(struck));
      },
    };
  },
});

export const keyKinds: readonly FaultKind[] = [keysRotated, groupKeyRotated];

function isByKey({ attestation, keyFile }: Member): boolean {
  return attestation === 'key' && keyFile !== undefined;
}

function isByGroup({ attestation, keyFile }: Member): boolean {
  return attestation === 'group' && keyFile !== undefined;
}

function namesOf(members: readonly Member[]): string[] {
  return members.map(({ name }) => name);
}

/** At DPS and, if it is there already, at the hub. The secondary key stays. */
function replacePrimaryKey({ registry }: Simulator, name: string, primaryKey: string): void {
  const enrollment = registry.enrollments.get(name);
  const { attestation } = enrollment;
  const kept = attestation.type === 'symmetricKey' ? attestation.symmetricKey : undefined;
  registry.enrollments.put(name, {
    ...enrollment,
    attestation: { type: 'symmetricKey', symmetricKey: { ...kept, primaryKey } },
  });
  for (const { store } of registry.hubs) {
    const identity = store.find(name)?.identity;
    if (identity?.authentication.type !== 'sas') continue;
    const symmetricKey = { ...identity.authentication.symmetricKey, primaryKey };
    const { status, statusReason } = identity;
    store.put(name, { status, statusReason, authentication: { type: 'sas', symmetricKey } });
  }
}

function replaceGroupKey({ registry }: Simulator, id: string, primaryKey: string): void {
  const group = registry.enrollmentGroups.get(id);
  const { attestation } = group;
  const kept = attestation.type === 'symmetricKey' ? attestation.symmetricKey : undefined;
  registry.enrollmentGroups.put(id, {
    ...group,
    attestation: { type: 'symmetricKey', symmetricKey: { ...kept, primaryKey } },
  });
}

async function writeKey({ name, keyFile }: Member, key: string, { fleet }: Battlefield): Promise<void> {
  if (keyFile === undefined) return;
  fleet.guard?.(name, key);
  await writeFileAtomically(keyFile, key, 0o600);
}
