import * as v from 'valibot';
import { describeError } from '../lib/errors.ts';
import { withoutSecrets } from '../lib/without-secrets.ts';
import type { Reading } from '../telemetry/reading.ts';
import { text } from './argument-kinds.ts';
import type { Method } from './method.ts';
import { refusal } from './refusal.ts';
import { didYouMean } from './suggest.ts';
import type { Suggest } from './suggest.ts';

/** An input as far as it can be asked. */
export interface ReadableInput {
  readonly name: string;
  /** What it measures now; rejects when there is nothing to be had. Absent for one that speaks by itself. */
  readonly read?: (signal: AbortSignal) => Promise<readonly Reading[]>;
}

const args = v.object({ name: text('the name of an input') });

/** `readInput {name}`: what an input measures at this moment, told to the caller and to nobody else. */
export function readInput(
  inputs: () => readonly ReadableInput[],
  suggest: Suggest,
): Method<v.InferOutput<typeof args>> {
  return {
    name: 'readInput',
    component: 'telemetry',
    args,
    handle: async ({ name }, { signal }) => {
      const all = inputs();
      const input = all.find((candidate) => candidate.name === name);
      if (input === undefined) return unknownInput(name, all, suggest);
      const { read } = input;
      if (read === undefined)
        return refusal(409, 'INPUT-NOT-ASKED', `cannot read ${name} now: it speaks by itself`);
      try {
        return { status: 200, payload: { name, readings: (await read(signal)).map(told) } };
      } catch (error) {
        if (signal.aborted) throw error;
        const reason = withoutSecrets(describeError(error));
        return refusal(502, 'INPUT-FAILED', `cannot read ${name}: ${reason}`);
      }
    },
  };
}

function unknownInput(
  name: string,
  inputs: readonly ReadableInput[],
  suggest: Suggest,
): ReturnType<typeof refusal> {
  const names = inputs.map((input) => input.name);
  const hint = didYouMean(suggest, name, names);
  return refusal(404, 'UNKNOWN-INPUT', `there is no input ${JSON.stringify(name)}${hint}`, { known: names });
}

function told({ values, timeMs, component }: Reading): object {
  return {
    values,
    ...(timeMs === undefined ? {} : { time: new Date(timeMs).toISOString() }),
    ...(component === undefined ? {} : { component }),
  };
}
