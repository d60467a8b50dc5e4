import * as v from 'valibot';
import { field, oneOf, section } from '../fields.ts';
import { listOf } from '../forms.ts';
import { expected, found, listed, type Parsed } from '../found.ts';
import { closest } from '../suggest.ts';
import { systemFigures as figures } from '../../system-figures.ts';
import { common, commonEntries, interval, type InputCommon } from './common.ts';

/** What the machine can be asked for. */
export type SystemFigure = (typeof figures)[number];

export interface SystemInputConfig extends InputCommon {
  readonly type: 'system';
  readonly intervalMs: number;
  /** At least one, each once. */
  readonly figures: readonly SystemFigure[];
}

export const systemInput = v.pipe(
  section({
    type: oneOf(['system']),
    ...commonEntries,
    interval,
    figures: v.optional(field(parseFigures, listOf(figures)), [...figures]),
  }),
  v.transform((input): SystemInputConfig => ({
    type: input.type,
    ...common(input),
    intervalMs: input.interval,
    figures: input.figures,
  })),
);

function parseFigures(input: unknown): Parsed<readonly SystemFigure[]> {
  const what = `a list of one or more of ${listed(figures, 'and')}`;
  if (!Array.isArray(input) || input.length === 0) {
    const hint = Array.isArray(input) ? ', found an empty one: to measure nothing, remove the input' : '';
    return { problem: hint === '' ? expected(what, input) : `expected ${what}${hint}` };
  }
  const stranger: unknown = input.find((item) => !isFigure(item));
  if (stranger === undefined) return { value: [...new Set(input as SystemFigure[])] };
  const near = typeof stranger === 'string' ? closest(stranger, figures) : undefined;
  const hint = near === undefined ? '' : `; did you mean ${found(near)}?`;
  return { problem: `expected ${what}, found ${found(stranger)} in it${hint}` };
}

function isFigure(item: unknown): item is SystemFigure {
  return figures.some((figure) => figure === item);
}
