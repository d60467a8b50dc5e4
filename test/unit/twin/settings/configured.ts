import { parseConfig } from '../../../../src/config/parse.ts';
import type { Config } from '../../../../src/config/schema.ts';
import { twinSettings } from '../../../../src/twin-settings.ts';
import type { Setting } from '../../../../src/twin/settings/setting.ts';

const inputs = `
telemetry:
  inputs:
    - { name: board, type: system, interval: 60s }
    - { name: door, type: file, path: /proc/loadavg, interval: 60s }
    - { name: posted, type: socket }
`;

const dps = `
provisioning:
  source: dps
  scope_id: 0ne0012ABCD
  attestation: { method: symmetric_key, registration_id: gateway, symmetric_key: env:KEY }
`;

/** A configuration with an input of each kind that matters to the twin. */
export const config: Config = parseConfig(dps + inputs, 'config.yaml').config;

/** One that asks no DPS. */
export const manual: Config = parseConfig(
  `provisioning: { source: manual, device_connection_string: env:CS }${inputs}`,
  'config.yaml',
).config;

export function settingOf(id: string): Setting {
  const setting = twinSettings.settings.find((candidate) => candidate.id === id);
  if (setting === undefined) throw new Error(`there is no setting ${id}`);
  return setting;
}
