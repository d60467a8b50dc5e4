import * as v from 'valibot';
import { oneOf, section } from '../fields.ts';
import { common, commonEntries, type InputCommon } from './common.ts';

export interface FileInputConfig extends InputCommon {
  readonly type: 'file';
}

export const fileInput = v.pipe(
  section({ type: oneOf(['file']), ...commonEntries }),
  v.transform((input): FileInputConfig => ({ type: input.type, ...common(input) })),
);
