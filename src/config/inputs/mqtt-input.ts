import * as v from 'valibot';
import { oneOf, section } from '../fields.ts';
import { common, commonEntries, type InputCommon } from './common.ts';

export interface MqttInputConfig extends InputCommon {
  readonly type: 'mqtt';
}

export const mqttInput = v.pipe(
  section({ type: oneOf(['mqtt']), ...commonEntries }),
  v.transform((input): MqttInputConfig => ({ type: input.type, ...common(input) })),
);
