import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import process from 'node:process';
import { runProgram } from '../clock-sync/run-program.ts';
import type { LoadedConfig } from '../config/parse.ts';
import { writeFileAtomically } from '../lib/atomic-file.ts';
import { SystemClock } from '../lib/clock.ts';
import { ConfigError, describeError } from '../lib/errors.ts';
import type { Secret } from '../lib/secret.ts';
import { Secrets } from '../provisioning/secrets.ts';
import { unitName } from '../supervision/unit-name.ts';
import { supportBundle } from '../support-bundle.ts';
import type { BundleManifest } from '../uploads/bundle.ts';
import { knownSecrets } from '../uploads/known-secrets.ts';
import { AgentReports } from './agent-reports.ts';
import type { AgentPlace } from './agent-socket.ts';
import { checksFromOutside } from './bundle-checks.ts';
import { brokenConfigSecrets } from './broken-config-secrets.ts';
import { print } from './print.ts';
import { readConfig } from './read-config.ts';
import { runningAgent } from './running-agent.ts';
import { showConfig } from './show-config.ts';
import { defaultStateDirectory, stateDirectoryOf } from './state-directory.ts';
import { thisHost } from './this-host.ts';
import { CommandError } from './usage.ts';

export interface BundleCommand {
  readonly configPath: string;
  /** `-` is standard output; absent: a name is made up. */
  readonly file: string | undefined;
  readonly maxBytes: number;
  /** Leave out the checks that go beyond this machine. */
  readonly offline: boolean;
}

export interface WrittenBundle {
  readonly file: string;
  readonly bytes: number;
  readonly manifest: BundleManifest;
}

/** `dps-agent support-bundle`. Throws a CommandError only when it cannot be written. */
export async function makeSupportBundle(command: BundleCommand): Promise<WrittenBundle> {
  const { configPath, maxBytes, offline, file = defaultName(new SystemClock().now()) } = command;
  const config = await configOr(configPath);
  const place = placeOf(config);
  const agent = new AgentReports(place);
  let manifest: BundleManifest | undefined;
  const content = supportBundle(
    {
      status: (signal) => agent.status(signal),
      check: (signal) => checksFromOutside(configPath, offline, signal),
      effectiveConfig: () => ('error' in config ? config.error : showConfig(configPath, 'text', true)),
      metrics: (signal) => agent.text('/v1/metrics', signal),
      metricsHistory: (signal) => agent.text('/v1/metrics/history', signal),
      logs: async (signal) => (await agent.text('/v1/logs', signal)).trimEnd().split('\n'),
    },
    {
      stateDirectory: place.stateDirectory,
      host: thisHost(),
      run: runProgram,
      nodeVersion: process.version,
      secrets: await secretsOf(configPath, config, place),
      madeBy: 'dps-agent support-bundle',
      maxBytes,
      onManifest: (made) => {
        manifest = made;
      },
    },
  );
  const bytes = await write(file, content);
  if (manifest === undefined) throw new CommandError('cannot write the bundle: whoever read it has gone');
  return { file, bytes, manifest };
}

/** For people: where it is, what is missing, what was taken out. */
export function bundleText({ file, bytes, manifest }: WrittenBundle): string {
  const { files, redacted } = manifest;
  const missing = files.filter(({ error }) => error !== undefined);
  const cut = files.filter(({ omittedBytes }) => omittedBytes !== undefined);
  const taken = Object.entries(redacted).map(([rule, times]) => `${rule}: ${times}`);
  return [
    `${file === '-' ? 'standard output' : file}: ${bytes} bytes, ${files.length - missing.length} files and a manifest`,
    ...missing.map(({ name, error = '' }) => `  without ${name}: ${error.split('\n')[0] ?? ''}`),
    ...cut.map(({ name, omittedBytes = 0 }) => `  ${name} is cut: ${omittedBytes} bytes left out`),
    `  taken out: ${taken.length === 0 ? 'nothing' : taken.join(', ')}`,
    '  look through it before you send it: names, addresses and what your programs log are in it',
    '',
  ].join('\n');
}

function defaultName(now: Date): string {
  const time = now.toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const host = hostname().replaceAll(/[^\w.-]/g, '_');
  return `dps-agent-support-${host}-${time}.tar.gz`;
}

type Found = LoadedConfig | { readonly error: string };

/** A configuration that cannot be used is what a bundle may be wanted for. */
async function configOr(path: string): Promise<Found> {
  try {
    return await readConfig(path);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { error: `the configuration cannot be used:\n${describeError(error)}\n` };
  }
}

function placeOf(found: Found): AgentPlace {
  if ('error' in found)
    return {
      stateDirectory: process.env['STATE_DIRECTORY'] ?? defaultStateDirectory,
      localApi: { mode: 0o600 },
    };
  return { stateDirectory: stateDirectoryOf(found.config), localApi: found.config.localApi };
}

async function secretsOf(
  configPath: string,
  found: Found,
  { stateDirectory }: AgentPlace,
): Promise<readonly Secret[]> {
  const secrets = new Secrets({
    env: { ...(await environmentOfAgent(stateDirectory)), ...process.env },
    credentialsDirectory: process.env['CREDENTIALS_DIRECTORY'] ?? `/run/credentials/${unitName}`,
  });
  const holder = 'error' in found ? await brokenConfigSecrets(configPath) : found.config;
  return knownSecrets(holder, (source) => secrets.read(source));
}

/** proc(5): for root and the agent's own user; others cannot know what it was given, nor do they see its files. */
async function environmentOfAgent(stateDirectory: string): Promise<Record<string, string>> {
  const pid = await runningAgent(stateDirectory).catch(() => undefined);
  if (pid === undefined) return {};
  const text = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
  const variables: Record<string, string> = {};
  for (const [, name = '', value = ''] of text.matchAll(/([^=\0]+)=([^\0]*)/g)) variables[name] = value;
  return variables;
}

/** Returns how much it was. */
async function write(file: string, content: AsyncIterable<Buffer>): Promise<number> {
  let bytes = 0;
  const counted = async function* (): AsyncGenerator<Buffer, void, undefined> {
    for await (const chunk of content) {
      bytes += chunk.length;
      yield chunk;
    }
  };
  try {
    if (file !== '-') await writeFileAtomically(file, counted());
    else for await (const chunk of counted()) if (!(await print(chunk))) break;
  } catch (cause) {
    throw new CommandError(`cannot write ${file}`, { cause });
  }
  return bytes;
}
