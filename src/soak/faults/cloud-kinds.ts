import * as v from 'valibot';
import type { FaultInput } from '../../simulator/faults.ts';
import { inForce } from './cloud-faults.ts';
import type { FaultKind } from './fault-kind.ts';
import { defineKind, hubName, hubNumber, membersAt, milliseconds, noOptions } from './kind.ts';

/** Longer than any fault lasts. */
const foreverMs = 24 * 3_600_000;

const hubOutage = defineKind({
  name: 'hub-outage',
  summary:
    'a hub, or all, cannot be reached: the port is closed, connections are gone; DPS shares the first hub’s port',
  timing: { exclusive: 'ports', shortestMs: 3000 },
  options: v.strictObject({ hub: hubNumber }),
  strike: ({ hub: number }, _members, field) => {
    const hub = hubName(number, field);
    const at = hub === undefined ? {} : { hub };
    const faults: FaultInput[] = [
      { kind: 'refuse-tcp', how: 'closed', ...at },
      { kind: 'drop-connections', ...at },
    ];
    return {
      description: hub === undefined ? 'every hub and DPS out of reach' : `hub ${hub} out of reach`,
      struck: membersAt(hub, field),
      run: (signal) => inForce(faults, field, signal),
    };
  },
});

const dpsOutage = defineKind({
  name: 'dps-outage',
  summary: 'DPS takes no connections (CONNACK 3), and those it had are gone; hubs are well',
  options: noOptions,
  strike: (_options, _members, field) => {
    const faults: FaultInput[] = [
      { kind: 'refuse-connect', code: 3, service: 'dps' },
      { kind: 'drop-connections', service: 'dps' },
    ];
    return {
      description: 'DPS takes no connections',
      struck: field.fleet.members,
      run: (signal) => inForce(faults, field, signal),
    };
  },
});

const hubRestart = defineKind({
  name: 'hub-restart',
  summary: 'DPS and all hubs are shut down and started again; what they know is on disk',
  timing: { exclusive: 'ports', shortestMs: 1000 },
  options: noOptions,
  strike: (_options, _members, field) => ({
    description: 'DPS and hubs shut down, and started again',
    struck: field.fleet.members,
    run: (signal) => field.cloud.restart(foreverMs, signal),
  }),
});

const dpsThrottled = defineKind({
  name: 'dps-throttled',
  summary: 'DPS answers 429 and says when to come back',
  options: v.strictObject({
    retryAfterSeconds: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(3600)), 5),
  }),
  strike: ({ retryAfterSeconds: retryAfter }, members, field) => ({
    description: `DPS answers 429, retry after ${retryAfter} s`,
    struck: members,
    run: (signal) =>
      inForce(
        members.map(({ name }) => ({ kind: 'dps-error', status: 429, retryAfter, device: name })),
        field,
        signal,
      ),
  }),
});

const hubThrottled = defineKind({
  name: 'hub-throttled',
  summary:
    'hubs acknowledge `messagesPerSecond` of all together, end the connection of who sends into a full backlog, and answer twin requests with 429',
  timing: { exclusive: 'hub-limits' },
  options: v.strictObject({
    messagesPerSecond: v.optional(v.pipe(v.number(), v.minValue(0.01)), 5),
    backlog: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 100),
    hub: hubNumber,
  }),
  strike: ({ messagesPerSecond, backlog, hub: number }, _members, field) => {
    const hub = hubName(number, field);
    const at = hub === undefined ? {} : { hub };
    const faults: FaultInput[] = [
      { kind: 'throttle', messagesPerSecond, backlog, ...at },
      { kind: 'twin-error', status: 429, ...at },
    ];
    return {
      description: `hub throttled to ${messagesPerSecond} messages/s, backlog ${backlog}`,
      struck: membersAt(hub, field),
      run: (signal) => inForce(faults, field, signal),
    };
  },
});

const hubQuota = defineKind({
  name: 'hub-quota',
  summary: 'the daily quota of a hub, or of all, is exceeded: connections are taken and end after `afterMs`',
  timing: { exclusive: 'hub-limits' },
  options: v.strictObject({ afterMs: v.optional(milliseconds, 1000), hub: hubNumber }),
  strike: ({ afterMs, hub: number }, _members, field) => {
    const hub = hubName(number, field);
    const faults: FaultInput[] = [{ kind: 'quota-exceeded', afterMs, ...(hub === undefined ? {} : { hub }) }];
    return {
      description: `quota exceeded at ${hub ?? 'every hub'}`,
      struck: membersAt(hub, field),
      run: (signal) => inForce(faults, field, signal),
    };
  },
});

export const cloudKinds: readonly FaultKind[] = [
  hubOutage,
  dpsOutage,
  hubRestart,
  dpsThrottled,
  hubThrottled,
  hubQuota,
];
