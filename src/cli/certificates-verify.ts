import { outputOption } from './output-option.ts';
import { UsageError } from './usage.ts';
import { parseOptions, required } from './verb.ts';
import type { Verb } from './verb.ts';

const options = {
  ca: {
    type: 'string',
    value: 'DIR',
    completes: 'folder',
    help: 'the folder of the authority, as certificates create has made it',
  },
  code: { type: 'string', value: 'CODE', help: 'the verification code that DPS shows for the certificate' },
  output: outputOption,
} as const;

export const certificatesVerify: Verb = {
  name: 'certificates verify',
  summary: "make the certificate that proves to DPS that an authority's key is yours",
  usage: '--ca DIR --code CODE [--output text|json]',
  description: [
    'DPS shows a verification code for a certificate that was added to it, and takes for proof a certificate with that ' +
      'code as its common name, signed by the authority. It is written to DIR as verification-CODE.pem, valid for 30 ' +
      'days; upload it there. Its own private key is not needed and not kept. Nothing is ever overwritten.',
  ],
  options,
  run: async (args) => {
    const values = parseOptions(options, args);
    const directory = required('--ca', values.ca);
    const code = required('--code', values.code);
    if (!/^[A-Za-z0-9_-]{1,64}$/.test(code))
      throw new UsageError('cannot use this --code: it has 1 to 64 letters, digits, - and _');
    const { verifyAuthority } = await import('./verify-authority.ts');
    return verifyAuthority(directory, code, values.output);
  },
};
