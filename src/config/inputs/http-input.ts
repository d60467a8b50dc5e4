import * as v from 'valibot';
import { oneOf, section } from '../fields.ts';
import { common, commonEntries, type InputCommon } from './common.ts';

export interface HttpInputConfig extends InputCommon {
  readonly type: 'http';
}

export const httpInput = v.pipe(
  section({ type: oneOf(['http']), ...commonEntries }),
  v.transform((input): HttpInputConfig => ({ type: input.type, ...common(input) })),
);
