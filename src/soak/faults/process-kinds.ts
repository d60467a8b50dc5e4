import * as v from 'valibot';
import { untilStopped } from '../../lib/deadline.ts';
import { someOf } from '../../lib/seeded-random.ts';
import type { Fleet, Member } from '../fleet/fleet.ts';
import type { Battlefield, FaultKind } from './fault-kind.ts';
import { defineKind, forEach, held, milliseconds, noOptions } from './kind.ts';

/** Of two that act on one process the second waits for the first. */
export const processSort = 'process';

const kill = processKind({
  name: 'kill',
  summary: 'SIGKILL; started again after a while, as systemd would',
  isMomentary: true,
  options: noOptions,
  describe: (units) => `SIGKILL for ${units}`,
  act: (units, { fleet }) => forEach(units, (unit) => fleet.kill(unit)),
});

const restart = processKind({
  name: 'restart',
  summary: 'SIGTERM; started again when it has ended in order',
  isMomentary: true,
  options: noOptions,
  describe: (units) => `restart of ${units}`,
  act: (units, { fleet }) => forEach(units, (unit) => fleet.restart(unit)),
});

const freeze = processKind({
  name: 'freeze',
  summary: 'SIGSTOP, and SIGCONT in the end',
  options: noOptions,
  describe: (units) => `SIGSTOP for ${units}`,
  act: async (units, { fleet }, _options, signal) => {
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
});

const down = processKind({
  name: 'down',
  summary: 'off, as by a power cut, and all back at once, or over `spreadMs`',
  options: v.strictObject({ spreadMs: v.optional(milliseconds, 0) }),
  describe: (units, { spreadMs }) => `${units} off${spreadMs === 0 ? '' : `, back over ${spreadMs} ms`}`,
  act: async (units, { fleet, clock, random }, { spreadMs }, signal) => {
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
});

export const processKinds: readonly FaultKind[] = [kill, restart, freeze, down];

export function unitsOf(members: readonly Member[]): ReadonlySet<string> {
  return new Set(members.map(({ unit }) => unit));
}

/** All that live in the same processes. */
export function sharing(members: readonly Member[], fleet: Pick<Fleet, 'members'>): Member[] {
  return livingIn(unitsOf(members), fleet);
}

interface ProcessKind<Options extends v.GenericSchema> extends Pick<FaultKind, 'name' | 'summary'> {
  /** It is done at once, and does not last. */
  readonly isMomentary?: boolean;
  readonly options: Options;
  /** What is done to "2 processes". */
  readonly describe: (units: string, options: v.InferOutput<Options>) => string;
  readonly act: (
    units: ReadonlySet<string>,
    field: Battlefield,
    options: v.InferOutput<Options>,
    signal: AbortSignal,
  ) => Promise<void>;
}

/** A kind that acts on whole processes, and so strikes all who live in them. */
function processKind<Options extends v.GenericSchema>(kind: ProcessKind<Options>): FaultKind {
  const { name, summary, isMomentary = false, options: schema, describe, act } = kind;
  return defineKind({
    name,
    summary,
    isLocal: true,
    timing: { exclusive: processSort, ...(isMomentary && { shortestMs: 0 }) },
    options: schema,
    strike: (options, members, field) => {
      const units = processesFor(members, field);
      return {
        description: describe(count(units), options),
        struck: livingIn(units, field.fleet),
        run: (signal) => act(units, field, options, signal),
      };
    },
  });
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
