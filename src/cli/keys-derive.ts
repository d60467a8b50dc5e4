import { outputOption } from './output-option.ts';
import { UsageError } from './usage.ts';
import { parseVerbArgs, required } from './verb.ts';
import type { Verb } from './verb.ts';

const reference = 'file:///PATH, env:NAME, credential:NAME, - for standard input, or the key itself';

const options = {
  'group-key': {
    type: 'string',
    value: 'REF',
    help: `the primary key of the enrollment group: ${reference}`,
  },
  'secondary-group-key': {
    type: 'string',
    value: 'REF',
    help: 'its secondary key, for the second key column of --csv; without it that column is empty',
  },
  csv: {
    type: 'string',
    value: 'FILE',
    completes: 'file',
    help: 'devices with the columns IOTC_DEVICEID and IOTC_DEVICENAME, first line as header; - for standard input',
  },
  out: {
    type: 'string',
    value: 'FILE',
    completes: 'file',
    help: 'with --csv: write here instead of to standard output, readable by you alone',
  },
  output: outputOption,
} as const;

export const keysDerive: Verb = {
  name: 'keys derive',
  summary: 'derive the keys of devices from the key of their enrollment group',
  usage: '--group-key REF (ID… | --csv FILE [--out FILE]) [--output text|json]',
  description: [
    'Prints a line for each ID: the ID, a tab, its key. The key is that of the ID exactly as written, upper and lower ' +
      'case included; the device must present itself so.',
    'A key that is given on the command line itself can be seen by every user of this machine in the process list, and ' +
      "stays in the shell's history: refer to it instead. credential:NAME is a file in systemd's " +
      '$CREDENTIALS_DIRECTORY.',
    'With --csv, whole fleets: IOTC_DEVICEID and IOTC_DEVICENAME in, the columns of an IoT Central export out, in a ' +
      'stream. A row that cannot be used is named with its line and left out, the others are done, and the exit ' +
      'status is 1. With --output json each device is one line: id, name, primaryKey, secondaryKey.',
  ],
  options,
  run: async (args) => {
    const { values, positionals: ids } = parseVerbArgs(options, args);
    const groupKey = required('--group-key', values['group-key']);
    const { csv, out, output } = values;
    if (csv === undefined && ids.length === 0) throw new UsageError('give device IDs, or --csv FILE');
    if (csv !== undefined && ids.length > 0)
      throw new UsageError('give either device IDs or --csv, not both');
    if (csv === undefined && out !== undefined) throw new UsageError('--out goes with --csv');
    const secondary = values['secondary-group-key'];
    if (csv === undefined && secondary !== undefined)
      throw new UsageError('--secondary-group-key goes with --csv');
    if ([groupKey, secondary, csv].filter((source) => source === '-').length > 1)
      throw new UsageError('only one thing can come from standard input');
    const { deriveForFile, deriveForIds } = await import('./derive-keys.ts');
    return csv === undefined
      ? deriveForIds(groupKey, ids, output)
      : deriveForFile({ groupKey, secondaryGroupKey: secondary, csv, out, output });
  },
};
