import process from 'node:process';
import { configOption } from './config-option.ts';
import { outputOption } from './output-option.ts';
import { CommandError } from './usage.ts';
import { parseOptions } from './verb.ts';
import type { Verb } from './verb.ts';

const options = {
  config: configOption,
  reveal: {
    type: 'boolean',
    default: false,
    help: 'print it even where standard output is no terminal, such as a file or a pipe',
  },
  output: outputOption,
} as const;

export const connectionString: Verb = {
  name: 'connection-string',
  summary: "register as configured and print the device's connection string for its hub",
  usage: '[--config PATH] [--reveal] [--output text|json]',
  description: [
    'Registers with DPS once, as `run` would, and prints HostName=…;DeviceId=…;SharedAccessKey=… for other tools; with ' +
      'X.509, where the string holds no secret, it ends in x509=true. The hub that `run` remembers is neither used nor changed.',
    "The string holds the device's key, so it is printed to a terminal only, unless --reveal is given. Everything else " +
      'goes to standard error. With --output json hub, device and credential are told in any case, and the string where it ' +
      'holds no secret or may be printed.',
  ],
  options,
  run: async (args) => {
    const values = parseOptions(options, args);
    const mayReveal = process.stdout.isTTY || values.reveal;
    if (!mayReveal && values.output === 'text') throw new CommandError(notHere);
    const { printConnectionString } = await import('./print-connection-string.ts');
    return printConnectionString(values.config, values.output, mayReveal);
  },
};

const notHere =
  "cannot print the connection string: it holds the device's key, and standard output is no terminal but a file or a " +
  'pipe, where others may read it; if that is meant, add --reveal';
