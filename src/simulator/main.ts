import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { ConfigError, describeError } from '../lib/errors.ts';
import manifest from '../../package.json' with { type: 'json' };
import { jsonBanner, textBanner } from './banner.ts';
import { defaultDataDirectory, parseCommandLine, usage, UsageError } from './command-line.ts';
import type { CommandLine } from './command-line.ts';
import { parseSimulatorConfig } from './config-file.ts';
import type { SimulatorConfig } from './config-file.ts';
import { lineLog } from './line-log.ts';
import { DataDirectoryError } from './data-directory.ts';
import { ListenError } from './listen-error.ts';
import { omit } from './omit.ts';
import { ServiceError } from './service-error.ts';
import { startSimulator } from './simulator.ts';
import type { Simulator } from './simulator.ts';

/** 64 and 78 are EX_USAGE and EX_CONFIG of sysexits.h. */
const exitCodes = { success: 0, failure: 1, usage: 64, config: 78 } as const;

void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});

async function main(args: string[]): Promise<number> {
  try {
    const line = parseCommandLine(args);
    if (line.help) return say(usage);
    if (line.version) return say(`${manifest.version}\n`);
    return await run(line);
  } catch (error) {
    return report(error);
  }
}

async function run(line: CommandLine): Promise<number> {
  // Asked for before the start, so that a signal during it is not missed.
  const stopped = stopSignal();
  const simulator = await start(line);
  process.stdout.write(line.json ? jsonBanner(simulator) : textBanner(simulator));
  await stopped;
  await simulator.close();
  return exitCodes.success;
}

async function start(line: CommandLine): Promise<Simulator> {
  const config = line.config === undefined ? {} : await readConfig(line.config);
  const { enrollments, enrollmentGroups, certificates, devices } = config;
  const home = defaultDataDirectory(homedir(), process.env['XDG_STATE_HOME']);
  try {
    return await startSimulator({
      ...omit(config, 'enrollments', 'enrollmentGroups', 'certificates', 'devices'),
      dataDirectory: resolve(line.data ?? home),
      host: line.host ?? config.host,
      port: line.port ?? config.port,
      hubs: line.hubs ?? config.hubs,
      controlPort: line.controlPort ?? config.controlPort,
      scopeId: line.scope ?? config.scopeId,
      seed: { enrollments, enrollmentGroups, certificates, devices },
      ...((line.port ?? config.port) === 0 ? {} : { defaultPort: 8883 }),
      ...((line.controlPort ?? config.controlPort) === 0 ? {} : { defaultControlPort: 8080 }),
      log: lineLog((text) => process.stderr.write(text), line.verbose ? 'info' : 'warn'),
    });
  } catch (error) {
    // What was seeded is what the file says; only there can it be put right.
    if (error instanceof ServiceError)
      throw new ConfigError(`cannot use ${line.config ?? ''}`, { cause: error });
    throw error;
  }
}

async function readConfig(path: string): Promise<SimulatorConfig> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new ConfigError(`cannot read ${path}`, { cause: error });
  }
  return parseSimulatorConfig(text, path);
}

function stopSignal(): Promise<void> {
  return new Promise((resolveStop) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        resolveStop();
      });
    }
  });
}

function say(text: string): number {
  process.stdout.write(text);
  return exitCodes.success;
}

function report(error: unknown): number {
  if (error instanceof UsageError) {
    process.stderr.write(`dps-agent-simulator: ${error.message}\n\n${usage}`);
    return exitCodes.usage;
  }
  process.stderr.write(`dps-agent-simulator: ${describeError(error)}\n${advice(error)}`);
  if (error instanceof ConfigError) return exitCodes.config;
  const isTold = error instanceof ListenError || error instanceof DataDirectoryError;
  if (!isTold && error instanceof Error) process.stderr.write(`${error.stack ?? ''}\n`);
  return exitCodes.failure;
}

/** What to type instead. */
function advice(error: unknown): string {
  if (!(error instanceof ListenError) || !error.taken) return '';
  const option = error.control ? '--control-port' : '--port';
  return `Another program, perhaps another simulator, uses it. Choose another: ${option} ${error.port + 1000}; beside another simulator also another --data DIR, where ${option} 0 means any free one.\n`;
}
