import * as v from 'valibot';
import { untilStopped } from '../../lib/deadline.ts';
import type { Fleet, Member } from '../fleet/fleet.ts';
import type { FaultKind } from './fault-kind.ts';
import { defineKind, forEach, held, milliseconds, noOptions } from './kind.ts';

/** Of two that act on one process the second waits for the first. */
export const processSort = 'process';
const exclusive = processSort;

const kill = defineKind({
  name: 'kill',
  summary: 'SIGKILL; started again after a while, as systemd would',
  isLocal: true,
  timing: { exclusive, shortestMs: 0 },
  options: noOptions,
  strike: (_options, members, { fleet }) => ({
    description: `SIGKILL for ${count(members)}`,
    struck: sharing(members, fleet),
    run: () => forEach(unitsOf(members), (unit) => fleet.kill(unit)),
  }),
});

const restart = defineKind({
  name: 'restart',
  summary: 'SIGTERM; started again when it has ended in order',
  isLocal: true,
  timing: { exclusive, shortestMs: 0 },
  options: noOptions,
  strike: (_options, members, { fleet }) => ({
    description: `restart of ${count(members)}`,
    struck: sharing(members, fleet),
    run: () => forEach(unitsOf(members), (unit) => fleet.restart(unit)),
  }),
});

const freeze = defineKind({
  name: 'freeze',
  summary: 'SIGSTOP, and SIGCONT in the end',
  isLocal: true,
  timing: { exclusive },
  options: noOptions,
  strike: (_options, members, { fleet }) => ({
    description: `SIGSTOP for ${count(members)}`,
    struck: sharing(members, fleet),
    run: async (signal) => {
      try {
        await forEach(unitsOf(members), (unit) => {
          fleet.freeze(unit);
        });
        await held(signal);
      } finally {
        await forEach(unitsOf(members), (unit) => {
          fleet.thaw(unit);
        });
      }
    },
  }),
});

const down = defineKind({
  name: 'down',
  summary: 'off, as by a power cut, and all back at once, or over `spreadMs`',
  isLocal: true,
  timing: { exclusive },
  options: v.strictObject({ spreadMs: v.optional(milliseconds, 0) }),
  strike: ({ spreadMs }, members, { fleet, clock, random }) => ({
    description: `${count(members)} off${spreadMs === 0 ? '' : `, back over ${spreadMs} ms`}`,
    struck: sharing(members, fleet),
    run: async (signal) => {
      const units = unitsOf(members);
      try {
        await forEach(units, (unit) => fleet.down(unit));
        await held(signal);
      } finally {
        await forEach(units, async (unit) => {
          // The end of the fault is over, and its signal with it: this one nobody aborts.
          const { signal: never } = new AbortController();
          if (spreadMs > 0) await untilStopped(clock.sleep(spreadMs * random(), never), never);
          await fleet.revive(unit);
        });
      }
    },
  }),
});

export const processKinds: readonly FaultKind[] = [kill, restart, freeze, down];

export function unitsOf(members: readonly Member[]): ReadonlySet<string> {
  return new Set(members.map(({ unit }) => unit));
}

/** All that live in the same processes. */
export function sharing(members: readonly Member[], { members: all }: Pick<Fleet, 'members'>): Member[] {
  const units = unitsOf(members);
  return all.filter(({ unit }) => units.has(unit));
}

function count(members: readonly Member[]): string {
  const { size } = unitsOf(members);
  return size === 1 ? '1 process' : `${size} processes`;
}
