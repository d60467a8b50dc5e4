import { parseRegistrationId } from '../config/registration-id.ts';
import type { Secret } from '../lib/secret.ts';
import { deriveDeviceKey } from '../provisioning/derive-device-key.ts';
import { csvField } from './csv.ts';
import type { CsvRecord } from './csv.ts';
import { jsonLine } from './output-option.ts';
import type { Output } from './output-option.ts';
import { CommandError } from './usage.ts';

/** The keys of an enrollment group. */
export interface GroupKeys {
  readonly primary: Secret;
  readonly secondary?: Secret | undefined;
}

/** The columns of an IoT Central export (protocol.md 6), of which the last two are for X.509 and stay empty. */
export const exportColumns = [
  'IOTC_DEVICEID',
  'IOTC_DEVICENAME',
  'IOTC_SASKEY_PRIMARY',
  'IOTC_SASKEY_SECONDARY',
  'IOTC_X509THUMBPRINT_PRIMARY',
  'IOTC_X509THUMBPRINT_SECONDARY',
] as const;

/** The keys of a device, as a line for programs has them. */
export interface DeviceKeys {
  readonly id: string;
  readonly name?: string;
  readonly primaryKey: string;
  /** Absent where that of the group is not given. */
  readonly secondaryKey?: string;
}

/** `ID<TAB>KEY` or a line of JSON, or what is wrong with the ID. */
export function keyLine(
  id: string,
  groupKey: Secret,
  output: Output = 'text',
): { line: string } | { problem: string } {
  const parsed = parseRegistrationId(id);
  if ('problem' in parsed) return parsed;
  const keys = deviceKeys(id, { primary: groupKey });
  return { line: output === 'json' ? jsonLine(keys) : `${id}\t${keys.primaryKey}\n` };
}

/** Turns the records of a list of devices, header first, into the lines of an export. */
export class KeyExport {
  readonly #keys: GroupKeys;
  readonly #output: Output;
  #columns: { readonly id: number; readonly name: number } | undefined;

  constructor(keys: GroupKeys, output: Output = 'text') {
    this.#keys = keys;
    this.#output = output;
  }

  /** Whether a header has been read. */
  get hasHeader(): boolean {
    return this.#columns !== undefined;
  }

  /**
   * The lines of a header, which JSON has none of, or of a device. Throws a CommandError when the first record is no header
   * with IOTC_DEVICEID.
   */
  add(record: CsvRecord): { line: string } | { problem: string } {
    if ('problem' in record) return { problem: record.problem };
    const { fields } = record;
    if (this.#columns === undefined) {
      this.#columns = findColumns(fields);
      return { line: this.#output === 'json' ? '' : csvLine(exportColumns) };
    }
    const { id: idColumn, name: nameColumn } = this.#columns;
    const id = fields[idColumn]?.trim() ?? '';
    const parsed = parseRegistrationId(id);
    if ('problem' in parsed) return parsed;
    const name = fields[nameColumn] ?? '';
    const keys = { ...deviceKeys(id, this.#keys), ...(name === '' ? {} : { name }) };
    return { line: this.#output === 'json' ? jsonLine(keys) : exportLine(keys) };
  }
}

function deviceKeys(id: string, { primary, secondary }: GroupKeys): DeviceKeys {
  const primaryKey = deriveDeviceKey(primary, id).reveal();
  if (secondary === undefined) return { id, primaryKey };
  return { id, primaryKey, secondaryKey: deriveDeviceKey(secondary, id).reveal() };
}

function exportLine({ id, name = '', primaryKey, secondaryKey = '' }: DeviceKeys): string {
  return csvLine([id, name, primaryKey, secondaryKey, '', '']);
}

function csvLine(fields: readonly string[]): string {
  return `${fields.map(csvField).join(',')}\n`;
}

function findColumns(header: readonly string[]): { id: number; name: number } {
  const names = header.map((name) => name.trim().toUpperCase());
  const id = names.indexOf('IOTC_DEVICEID');
  if (id >= 0) return { id, name: names.indexOf('IOTC_DEVICENAME') };
  const found = header.slice(0, 6).join(', ').slice(0, 80);
  throw new CommandError(
    `cannot find the column IOTC_DEVICEID in the first line, which must name the columns; it holds: ${found}`,
  );
}
