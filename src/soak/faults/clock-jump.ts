import * as v from 'valibot';
import { writeFileAtomically } from '../../lib/atomic-file.ts';
import type { FaultKind } from './fault-kind.ts';
import { defineKind, forEach, held, suited } from './kind.ts';
import { sharing } from './process-kinds.ts';

const yearMs = 366 * 24 * 3_600_000;

/** libfaketime reads the offset from a file at every look at the clock; monotonic time it leaves alone. */
export const clockJump: FaultKind = defineKind({
  name: 'clock-jump',
  summary: 'the wall clock of a process is `ms` ahead, or behind if negative, and right again in the end',
  isLocal: true,
  timing: { exclusive: 'clock' },
  options: v.strictObject({
    ms: v.optional(v.pipe(v.number(), v.integer(), v.minValue(-yearMs), v.maxValue(yearMs)), 3_600_000),
  }),
  unavailable: ({ fleet }) =>
    fleet.members.some(({ clockFile }) => clockFile !== undefined)
      ? undefined
      : 'no agent was started with libfaketime',
  strike: ({ ms }, members, field) => {
    const chosen = suited(members, field, ({ clockFile }) => clockFile !== undefined);
    const struck = sharing(chosen, field.fleet);
    const files = new Set(struck.flatMap(({ clockFile }) => clockFile ?? []));
    return {
      description: `wall clock ${Math.abs(ms)} ms ${ms < 0 ? 'behind' : 'ahead'}`,
      struck,
      run: async (signal) => {
        try {
          await forEach(files, (file) => setClock(file, ms));
          await held(signal);
        } finally {
          await forEach(files, (file) => setClock(file, 0));
        }
      },
    };
  },
});

/** Beside it and renamed: a process that reads half an offset would be anywhere in time. */
async function setClock(file: string, offsetMs: number): Promise<void> {
  const seconds = (offsetMs / 1000).toFixed(3);
  await writeFileAtomically(file, offsetMs < 0 ? `${seconds}\n` : `+${seconds}\n`);
}
