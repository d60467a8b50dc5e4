import * as v from 'valibot';
import { oneOf, section } from '../fields.ts';
import { common, commonEntries, interval, type InputCommon } from './common.ts';

export interface SystemInputConfig extends InputCommon {
  readonly type: 'system';
  readonly intervalMs: number;
}

export const systemInput = v.pipe(
  section({ type: oneOf(['system']), ...commonEntries, interval }),
  v.transform((input): SystemInputConfig => ({
    type: input.type,
    ...common(input),
    intervalMs: input.interval,
  })),
);
