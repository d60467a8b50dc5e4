import { readFile, statfs } from 'node:fs/promises';
import { cpus, loadavg, networkInterfaces, uptime } from 'node:os';
import { join } from 'node:path';
import type { BundlePart } from './bundle.ts';
import { listing } from './bundle-listing.ts';
import { unitText } from './bundle-unit.ts';
import type { RunProgram } from './bundle-unit.ts';

/** The machine that a bundle is about. */
export interface BundleMachine {
  /** Where `proc`, `sys` and `etc` are. */
  readonly root: string;
  readonly stateDirectory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly run: RunProgram;
}

/** What the machine around the agent is like: no contents of files that could be secret. */
export function machineParts(machine: BundleMachine, unit: string): readonly BundlePart[] {
  const { root, stateDirectory, environment, run } = machine;
  return [
    { name: 'machine.json', content: () => machineText(root, stateDirectory) },
    { name: 'network.txt', content: () => networkText(root, environment) },
    { name: 'state-directory.txt', content: () => listing(stateDirectory) },
    { name: 'unit.txt', content: (signal) => unitText(unit, run, signal) },
  ];
}

/** What is installed here, beside the agent's own version and Node's. */
export async function systemVersions(
  { root, run }: Pick<BundleMachine, 'root' | 'run'>,
  unit: string,
  signal: AbortSignal,
): Promise<object> {
  const release = parsedRelease(await textAt(root, 'etc/os-release'));
  const board =
    (await textAt(root, 'proc/device-tree/model')) ?? (await textAt(root, 'sys/class/dmi/id/product_name'));
  const format = '--showformat=${Package} ${Version} ${Architecture}\n';
  const packages = await run('dpkg-query', ['--show', format, unit], signal).catch(() => undefined);
  return {
    system: release,
    board: board?.replaceAll('\0', '').trim(),
    kernel: (await textAt(root, 'proc/version'))?.trim(),
    package: packages?.trim() ?? 'not installed as a Debian package',
  };
}

async function machineText(root: string, stateDirectory: string): Promise<string> {
  const memory = await textAt(root, 'proc/meminfo');
  const pressure = await Promise.all(
    ['cpu', 'io', 'memory'].map(async (name) => [
      name,
      (await textAt(root, `proc/pressure/${name}`))?.split('\n'),
    ]),
  );
  const facts = {
    uptimeSeconds: Math.round(uptime()),
    loadAverage: loadavg(),
    processors: cpus().length,
    memory: memory?.split('\n').slice(0, 8),
    pressure: Object.fromEntries(pressure) as object,
    temperature: (await textAt(root, 'sys/class/thermal/thermal_zone0/temp'))?.trim(),
    timezone: (await textAt(root, 'etc/timezone'))?.trim(),
    disk: { root: await freeSpace('/'), stateDirectory: await freeSpace(stateDirectory) },
    mounts: (await textAt(root, 'proc/mounts'))?.split('\n').filter((line) => line.startsWith('/')),
  };
  return `${JSON.stringify(facts, undefined, 2)}\n`;
}

async function freeSpace(path: string): Promise<object> {
  try {
    const { bavail, blocks, bsize, files, ffree } = await statfs(path);
    return { path, freeBytes: bavail * bsize, sizeBytes: blocks * bsize, files, freeFiles: ffree };
  } catch (error) {
    return { path, error: String(error) };
  }
}

/** Variables that say how the network is reached; a password in one is taken out with all others. */
const proxyVariables = /^(https?|all|no)_proxy$/i;

async function networkText(root: string, environment: BundleMachine['environment']): Promise<string> {
  const interfaces = Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    addresses.map(({ cidr, mac, internal }) => `${name} ${cidr ?? ''} ${mac}${internal ? ' internal' : ''}`),
  );
  const proxies = Object.entries(environment).filter(([name]) => proxyVariables.test(name));
  const files = ['proc/net/route', 'proc/net/ipv6_route', 'proc/net/dev', 'etc/resolv.conf', 'etc/hosts'];
  const read = await Promise.all(
    files.map(async (file) => section(`/${file}`, (await textAt(root, file)) ?? 'cannot be read')),
  );
  return [
    section('interfaces', interfaces.join('\n')),
    section('proxy variables', proxies.map(([name, value = '']) => `${name}=${value}`).join('\n')),
    ...read,
  ].join('\n');
}

function section(title: string, text: string): string {
  return `== ${title}\n${text.trimEnd()}\n`;
}

/** Some of what there is on one board is not on another. */
async function textAt(root: string, path: string): Promise<string | undefined> {
  return readFile(join(root, path), 'utf8').catch(() => undefined);
}

/** os-release(5) */
function parsedRelease(text: string | undefined): object {
  const names = ['PRETTY_NAME', 'ID', 'VERSION_ID'];
  const told: Record<string, string> = {};
  for (const [, name = '', value = ''] of (text ?? '').matchAll(/^(\w+)="?([^"\n]*)"?$/gm))
    if (names.includes(name)) told[name] = value;
  return told;
}
