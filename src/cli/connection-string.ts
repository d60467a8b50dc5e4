import process from 'node:process';
import { configOption } from './config-option.ts';
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
} as const;

export const connectionString: Verb = {
  name: 'connection-string',
  summary: "register as configured and print the device's connection string for its hub",
  usage: '[--config PATH] [--reveal]',
  description: [
    'Registers with DPS once, as `run` would, and prints HostName=…;DeviceId=…;SharedAccessKey=… for other tools; with ' +
      'X.509, where the string holds no secret, it ends in x509=true. The hub that `run` remembers is neither used nor changed.',
    "The string holds the device's key, so it is printed to a terminal only, unless --reveal is given. Everything else " +
      'goes to standard error.',
  ],
  options,
  run: async (args) => {
    const values = parseOptions(options, args);
    if (!process.stdout.isTTY && !values.reveal) throw new CommandError(notHere);
    const { printConnectionString } = await import('./print-connection-string.ts');
    return printConnectionString(values.config);
  },
};

const notHere =
  "cannot print the connection string: it holds the device's key, and standard output is no terminal but a file or a " +
  'pipe, where others may read it; if that is meant, add --reveal';
