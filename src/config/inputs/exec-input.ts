import * as v from 'valibot';
import { oneOf, section } from '../fields.ts';
import { common, commonEntries, type InputCommon } from './common.ts';

export interface ExecInputConfig extends InputCommon {
  readonly type: 'exec';
}

export const execInput = v.pipe(
  section({ type: oneOf(['exec']), ...commonEntries }),
  v.transform((input): ExecInputConfig => ({ type: input.type, ...common(input) })),
);
