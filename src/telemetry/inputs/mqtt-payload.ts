import { isUtf8 } from 'node:buffer';
import type { MqttInputConfig } from '../../config/inputs/mqtt-input.ts';
import { parseReadings } from '../formats/parse-readings.ts';
import type { Reading } from '../reading.ts';

/**
 * What a payload says was measured. Throws when it cannot be read. An empty one, which takes a retained message back,
 * says nothing.
 * @param valueName what a bare number, or true or false, is called
 */
export function payloadReadings(
  payload: Buffer,
  format: MqttInputConfig['format'],
  valueName: string,
): readonly Reading[] {
  if (payload.length === 0) return [];
  if (!isUtf8(payload)) throw new Error('cannot read what is not text in UTF-8');
  const text = payload.toString('utf8').trim();
  if (format !== 'number' && (text === 'true' || text === 'false'))
    return [{ values: { [valueName]: text === 'true' } }];
  if (format !== 'auto') return parseReadings(text, format, valueName);
  return parseReadings(text, /^[[{]/.test(text) ? 'json' : 'number', valueName);
}
