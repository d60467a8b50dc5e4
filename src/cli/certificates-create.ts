import { longestX509RegistrationId, parseRegistrationId, tooLong } from '../config/registration-id.ts';
import { outputOption } from './output-option.ts';
import { UsageError } from './usage.ts';
import { parseOptions, required, wholeNumber } from './verb.ts';
import type { Verb } from './verb.ts';

const options = {
  out: {
    type: 'string',
    value: 'DIR',
    completes: 'folder',
    help: 'the folder for what is made; it is made, too, if need be',
  },
  'ca-name': { type: 'string', value: 'NAME', help: 'the authority\'s common name, such as "Bench CA"' },
  intermediates: {
    type: 'string',
    value: 'N',
    default: '0',
    help: 'how many authorities stand between the root and the devices, 0 to 5',
  },
  device: {
    type: 'string',
    multiple: true,
    value: 'ID',
    help: 'a registration ID, which becomes the common name; may be given again and again',
  },
  days: {
    type: 'string',
    value: 'N',
    default: '365',
    help: 'how long the certificates of devices are valid; authorities are valid for ten years',
  },
  'self-signed': {
    type: 'boolean',
    default: false,
    help: 'no authority: each device signs for itself, for individual enrollments',
  },
  ca: {
    type: 'string',
    value: 'DIR',
    completes: 'folder',
    help: 'add devices to a folder that was made before, under its authority',
  },
  output: outputOption,
} as const;

export const certificatesCreate: Verb = {
  name: 'certificates create',
  summary: 'make an authority and certificates of devices, for trying X.509 out',
  usage:
    '(--out DIR (--ca-name NAME [--intermediates N] | --self-signed) | --ca DIR) --device ID… [--days N] [--output text|json]',
  description: [
    'For testing only, and marked so: the private keys lie unencrypted in DIR, and whoever has ca.key.pem can make ' +
      'devices. Devices in the field get theirs from a real authority.',
    'DIR has ca.pem and ca.key.pem, intermediate-1.pem and its key, and for each device a folder devices/ID with ' +
      'cert.pem (its certificate, then the intermediates), key.pem and thumbprints.txt; enrollment-group.json is the ' +
      'body of an enrollment group for the simulator. Nothing is ever overwritten.',
    'What to type next is printed when all is made.',
  ],
  options,
  run: async (args) => {
    const values = parseOptions(options, args);
    const request = {
      devices: deviceIds(values.device ?? []),
      days: wholeNumber('--days', values.days, 1, 7300),
    };
    const source = sourceOf(values);
    const { createCertificates } = await import('./create-certificates.ts');
    return createCertificates({ ...request, ...source }, values.output);
  },
};

interface Values {
  readonly out?: string;
  readonly ca?: string;
  readonly 'ca-name'?: string;
  readonly intermediates: string;
  readonly 'self-signed': boolean;
}

/** Who signs the devices: a new authority, one that was made before, or themselves. */
export type CertificateSource =
  | {
      readonly kind: 'new';
      readonly directory: string;
      readonly name: string;
      readonly intermediates: number;
    }
  | { readonly kind: 'existing'; readonly directory: string }
  | { readonly kind: 'self-signed'; readonly directory: string };

function sourceOf(values: Values): CertificateSource {
  const { ca, 'ca-name': name, 'self-signed': isSelfSigned } = values;
  if (ca !== undefined) {
    refuseBeside('--ca', {
      '--out': values.out,
      '--ca-name': name,
      '--self-signed': isSelfSigned || undefined,
    });
    return { kind: 'existing', directory: ca };
  }
  const directory = required('--out', values.out);
  if (isSelfSigned) {
    refuseBeside('--self-signed', { '--ca-name': name });
    return { kind: 'self-signed', directory };
  }
  if (name === undefined) throw new UsageError('--ca-name is missing; or give --self-signed, or --ca DIR');
  const intermediates = wholeNumber('--intermediates', values.intermediates, 0, 5);
  return { kind: 'new', directory, name: commonName(name, intermediates), intermediates };
}

function refuseBeside(option: string, others: Readonly<Record<string, unknown>>): void {
  const other = Object.entries(others).find(([, value]) => value !== undefined);
  if (other !== undefined) throw new UsageError(`${other[0]} does not go with ${option}`);
}

/** Intermediates have the authority's name with their number after it. */
function commonName(name: string, intermediates: number): string {
  const longest = intermediates === 0 ? 64 : 64 - ' intermediate 1'.length;
  // Control characters, which end up in the documents that the name stands in.
  if (name.trim() !== name || name === '' || /\p{Cc}/u.test(name))
    throw new UsageError('--ca-name must be a name, without spaces at its ends');
  if (name.length > longest)
    throw new UsageError(`cannot use this --ca-name: ${tooLong(name.length, longest)}`);
  return name;
}

function deviceIds(ids: readonly string[]): readonly string[] {
  if (ids.length === 0) throw new UsageError('--device is missing');
  const seen = new Set<string>();
  for (const id of ids) {
    const parsed = parseRegistrationId(id);
    if ('problem' in parsed) throw new UsageError(`cannot use --device ${id}: ${parsed.problem}`);
    if (id.length > longestX509RegistrationId)
      throw new UsageError(`cannot use --device ${id}: ${tooLong(id.length, longestX509RegistrationId)}`);
    // DPS takes IDs without regard to case (protocol.md 2.1).
    if (seen.has(id.toLowerCase())) throw new UsageError(`--device ${id} is given twice`);
    seen.add(id.toLowerCase());
  }
  return ids;
}
