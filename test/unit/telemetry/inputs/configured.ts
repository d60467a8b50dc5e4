import { parseConfig } from '../../../../src/config/parse.ts';
import type { Config } from '../../../../src/config/schema.ts';

/** The inputs of a configuration, from the lines of `telemetry.inputs`. */
export function inputsIn(lines: string): Config['telemetry']['inputs'] {
  const text = [
    'provisioning:',
    '  source: dps',
    '  scope_id: 0ne0012ABCD',
    '  attestation:',
    '    method: symmetric_key',
    '    registration_id: gateway-01',
    '    symmetric_key: AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=',
    'telemetry:',
    '  inputs:',
    ...lines.split('\n').map((line) => `    ${line}`),
  ].join('\n');
  return parseConfig(text, 'config.yaml').config.telemetry.inputs;
}
