import { isAbsolute, join } from 'node:path';
import { parseArgs } from 'node:util';
import { scopeIdPattern } from './config-file.ts';

/** The command line was not understood; the message says what to type. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export interface CommandLine {
  readonly help: boolean;
  readonly version: boolean;
  readonly json: boolean;
  readonly verbose: boolean;
  readonly data: string | undefined;
  readonly config: string | undefined;
  readonly host: string | undefined;
  readonly scope: string | undefined;
  readonly port: number | undefined;
  readonly controlPort: number | undefined;
  readonly hubs: number | undefined;
}

export const usage = `Usage: dps-agent-simulator [options]

DPS and IoT Hub on this machine, for devices that think they talk to Azure.

Options:
  --data DIR           what survives a restart (default $XDG_STATE_HOME/dps-agent-simulator)
  --port N             first port: DPS and the first hub (default 8883, or as last time; 0: any free one, or as last time)
  --hubs N             how many hubs, each on a port of its own (default 1, or as last time)
  --control-port N     port of the control API (default 8080, or as last time; 0: any free one, or as last time)
  --host ADDR          the address to listen on (default 127.0.0.1)
  --scope ID           the ID scope (default: made up once, then kept)
  --config FILE        enrollments, devices and settings in YAML; options given here count more
  --json               print one line of JSON instead of text when started
  --verbose            say on standard error what connects and registers
  --help, --version
`;

const options = {
  data: { type: 'string' },
  port: { type: 'string' },
  hubs: { type: 'string' },
  'control-port': { type: 'string' },
  host: { type: 'string' },
  scope: { type: 'string' },
  config: { type: 'string' },
  json: { type: 'boolean', default: false },
  verbose: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
  version: { type: 'boolean', default: false },
} as const;

/** Throws a UsageError for anything that is not an option, or a number that is none. */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const values = parse(args);
  return {
    ...values,
    data: values.data,
    config: values.config,
    host: values.host,
    scope: scopeId(values.scope),
    port: wholeNumber('--port', values.port, 0, 65535),
    controlPort: wholeNumber('--control-port', values['control-port'], 0, 65535),
    hubs: wholeNumber('--hubs', values.hubs, 1, 100),
  };
}

/** The data directory when none is given: the XDG state directory, which must be absolute to count. */
export function defaultDataDirectory(home: string, stateHome: string | undefined): string {
  const base = stateHome !== undefined && isAbsolute(stateHome) ? stateHome : join(home, '.local', 'state');
  return join(base, 'dps-agent-simulator');
}

function parse(args: readonly string[]): ReturnType<typeof parseArgs<{ options: typeof options }>>['values'] {
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function scopeId(text: string | undefined): string | undefined {
  if (text === undefined || scopeIdPattern.test(text)) return text;
  throw new UsageError(`cannot use --scope ${text}: it must be letters and digits`);
}

function wholeNumber(
  option: string,
  text: string | undefined,
  minimum: number,
  maximum: number,
): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= minimum && value <= maximum) return value;
  throw new UsageError(
    `cannot use ${option} ${text}: it must be a whole number from ${minimum} to ${maximum}`,
  );
}
