import * as v from 'valibot';
import { untilStopped } from '../../lib/deadline.ts';
import { someOf } from '../../lib/seeded-random.ts';
import type { Fleet, Member } from '../fleet/fleet.ts';
import type { Battlefield, FaultKind } from './fault-kind.ts';
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
  strike: (_options, members, field) => {
    const { fleet } = field;
    const units = processesFor(members, field);
    return {
      description: `SIGKILL for ${count(units)}`,
      struck: livingIn(units, fleet),
      run: () => forEach(units, (unit) => fleet.kill(unit)),
    };
  },
});

const restart = defineKind({
  name: 'restart',
  summary: 'SIGTERM; started again when it has ended in order',
  isLocal: true,
  timing: { exclusive, shortestMs: 0 },
  options: noOptions,
  strike: (_options, members, field) => {
    const { fleet } = field;
    const units = processesFor(members, field);
    return {
      description: `restart of ${count(units)}`,
      struck: livingIn(units, fleet),
      run: () => forEach(units, (unit) => fleet.restart(unit)),
    };
  },
});

const freeze = defineKind({
  name: 'freeze',
  summary: 'SIGSTOP, and SIGCONT in the end',
  isLocal: true,
  timing: { exclusive },
  options: noOptions,
  strike: (_options, members, field) => {
    const { fleet } = field;
    const units = processesFor(members, field);
    return {
      description: `SIGSTOP for ${count(units)}`,
      struck: livingIn(units, fleet),
      run: async (signal) => {
        try {
          await forEach(units, (unit) => {
            fleet.freeze(unit);
          });
          await held(signal);
        } finally {
          await forEach(units, (unit) => {
            fleet.thaw(unit);
          });
        }
      },
    };
  },
});

const down = defineKind({
  name: 'down',
  summary: 'off, as by a power cut, and all back at once, or over `spreadMs`',
  isLocal: true,
  timing: { exclusive },
  options: v.strictObject({ spreadMs: v.optional(milliseconds, 0) }),
  strike: ({ spreadMs }, members, field) => {
    const { fleet, clock, random } = field;
    const units = processesFor(members, field);
    return {
      description: `${count(units)} off${spreadMs === 0 ? '' : `, back over ${spreadMs} ms`}`,
      struck: livingIn(units, fleet),
      run: async (signal) => {
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
    };
  },
});

export const processKinds: readonly FaultKind[] = [kill, restart, freeze, down];

export function unitsOf(members: readonly Member[]): ReadonlySet<string> {
  return new Set(members.map(({ unit }) => unit));
}

/** All that live in the same processes. */
export function sharing(members: readonly Member[], fleet: Pick<Fleet, 'members'>): Member[] {
  return livingIn(unitsOf(members), fleet);
}

/**
 * Of those in which these live, no more than so many agents fill: four of a hundred, who share four processes, may live in
 * each of them, and one it is.
 */
function processesFor(members: readonly Member[], { fleet, random }: Battlefield): ReadonlySet<string> {
  const units = [...unitsOf(members)];
  const agentsEach = fleet.members.length / Math.max(1, unitsOf(fleet.members).size);
  const wanted = Math.ceil(members.length / agentsEach);
  return new Set(wanted < units.length ? someOf(random, units, wanted) : units);
}

function livingIn(units: ReadonlySet<string>, { members }: Pick<Fleet, 'members'>): Member[] {
  return members.filter(({ unit }) => units.has(unit));
}

function count({ size }: ReadonlySet<string>): string {
  return size === 1 ? '1 process' : `${size} processes`;
}
