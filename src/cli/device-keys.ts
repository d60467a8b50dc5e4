import { parseRegistrationId } from '../config/registration-id.ts';
import type { Secret } from '../lib/secret.ts';
import { deriveDeviceKey } from '../provisioning/derive-device-key.ts';
import { csvField } from './csv.ts';
import type { CsvRecord } from './csv.ts';
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

/** `ID<TAB>KEY`, or what is wrong with the ID. */
export function keyLine(id: string, groupKey: Secret): { line: string } | { problem: string } {
  const parsed = parseRegistrationId(id);
  if ('problem' in parsed) return parsed;
  return { line: `${id}\t${deriveDeviceKey(groupKey, id).reveal()}` };
}

/** Turns the records of a list of devices, header first, into the lines of an export. */
export class KeyExport {
  readonly #keys: GroupKeys;
  #columns: { readonly id: number; readonly name: number } | undefined;

  constructor(keys: GroupKeys) {
    this.#keys = keys;
  }

  /** Whether a header has been read. */
  get hasHeader(): boolean {
    return this.#columns !== undefined;
  }

  /** Throws a CommandError when the first record is no header with IOTC_DEVICEID. */
  add(record: CsvRecord): { line: string } | { problem: string } {
    if ('problem' in record) return { problem: record.problem };
    const { fields } = record;
    if (this.#columns === undefined) {
      this.#columns = findColumns(fields);
      return { line: exportColumns.join(',') };
    }
    const { id: idColumn, name: nameColumn } = this.#columns;
    const id = fields[idColumn]?.trim() ?? '';
    const parsed = parseRegistrationId(id);
    if ('problem' in parsed) return parsed;
    return { line: this.#row(id, fields[nameColumn] ?? '') };
  }

  #row(id: string, name: string): string {
    const { primary, secondary } = this.#keys;
    const secondaryKey = secondary === undefined ? '' : deriveDeviceKey(secondary, id).reveal();
    const row = [id, name, deriveDeviceKey(primary, id).reveal(), secondaryKey, '', ''];
    return row.map(csvField).join(',');
  }
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
