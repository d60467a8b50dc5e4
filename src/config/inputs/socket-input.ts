import * as v from 'valibot';
import { oneOf, section } from '../fields.ts';
import { common, commonEntries, type InputCommon } from './common.ts';

export interface SocketInputConfig extends InputCommon {
  readonly type: 'socket';
}

export const socketInput = v.pipe(
  section({ type: oneOf(['socket']), ...commonEntries }),
  v.transform((input): SocketInputConfig => ({ type: input.type, ...common(input) })),
);
