// The package for arm64 under emulation: npm run test:arm64 [-- --dist DIRECTORY]
// Unpacks it, runs its agent with its own Node in qemu's user mode against a simulator on this machine, and sees it
// connect and its telemetry arrive. Needs qemu-user-static.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { cacheFolder } from '../../scripts/packaged-node.ts';

interface SimulatorAddress {
  readonly scopeId: string;
  readonly dps: { readonly host: string; readonly port: number };
  readonly control: string;
  readonly caFile: string;
}

const project = join(import.meta.dirname, '..', '..');
const { values } = parseArgs({ options: { dist: { type: 'string', default: join(project, 'dist') } } });
/** An emulated Node takes seconds to start on a fast machine. */
const patienceMs = 180_000;
const device = 'gateway-1';
const key = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=';
const folder = mkdtempSync(join(tmpdir(), 'dps-agent-arm64-'));
const children: ChildProcess[] = [];
try {
  const installed = unpacked();
  const machine = execFileSync('qemu-aarch64-static', [
    '-L',
    sysroot(),
    join(installed, 'node'),
    '-p',
    'process.arch',
  ]);
  assert.equal(String(machine).trim(), 'arm64');
  const simulator = await startSimulator();
  const agent = startAgent(installed, simulator);
  const beganMs = performance.now();
  await Promise.race([arrives(simulator), untimely(agent)]);
  console.log(
    `the arm64 agent has connected, and its telemetry arrived ${Math.round(performance.now() - beganMs)} ms after its start`,
  );
  agent.kill('SIGTERM');
  const [code] = (await once(agent, 'exit')) as [number | null];
  assert.equal(code, 0);
} finally {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}

function unpacked(): string {
  const script = join(project, 'scripts', 'package-deb.ts');
  const args = ['--arch', 'arm64', '--dist', values.dist, '--out', folder, '--compression', 'none'];
  const made = execFileSync('npx', ['--no-install', 'tsx', script, ...args], {
    cwd: project,
    encoding: 'utf8',
  });
  execFileSync('dpkg-deb', ['-x', made.trim(), join(folder, 'root')]);
  return join(folder, 'root', 'usr', 'lib', 'dps-agent');
}

/** The libraries that Node needs, for arm64: fetched from Debian once, and unpacked, not installed. */
function sysroot(): string {
  const root = join(cacheFolder, 'sysroot-arm64');
  if (existsSync(root)) return root;
  const apt = mkdtempSync(join(tmpdir(), 'dps-agent-apt-'));
  for (const name of ['lists/partial', 'cache/archives/partial'])
    mkdirSync(join(apt, name), { recursive: true });
  writeFileSync(join(apt, 'status'), '');
  const signed = 'signed-by=/usr/share/keyrings/debian-archive-keyring.gpg';
  writeFileSync(join(apt, 'sources'), `deb [${signed}] http://deb.debian.org/debian bookworm main\n`);
  const options = [
    ...[
      'APT::Architecture=arm64',
      'APT::Architectures=arm64',
      'APT::Install-Recommends=0',
      'APT::Sandbox::User=root',
    ],
    ...[`Dir::State::Lists=${apt}/lists`, `Dir::State::Status=${apt}/status`, `Dir::Cache=${apt}/cache`],
    ...[`Dir::Etc::SourceList=${apt}/sources`, 'Dir::Etc::SourceParts=/dev/null', 'Debug::NoLocking=1'],
  ].flatMap((option) => ['-o', option]);
  execFileSync('apt-get', [...options, '-qq', 'update'], { stdio: 'pipe' });
  const libraries = ['libc6', 'libstdc++6', 'libgcc-s1', 'libatomic1'];
  execFileSync('apt-get', [...options, '-y', '-qq', '--download-only', 'install', ...libraries], {
    stdio: 'pipe',
  });
  const archives = join(apt, 'cache', 'archives');
  for (const name of readdirSync(archives).filter((each) => each.endsWith('.deb')))
    execFileSync('dpkg-deb', ['-x', join(archives, name), `${root}.coming`]);
  renameSync(`${root}.coming`, root);
  rmSync(apt, { recursive: true, force: true });
  return root;
}

async function startSimulator(): Promise<SimulatorAddress> {
  const config = join(folder, 'simulator.yaml');
  const enrollment = {
    attestation: { type: 'symmetricKey', symmetricKey: { primaryKey: key, secondaryKey: key } },
  };
  writeFileSync(config, JSON.stringify({ enrollments: { [device]: enrollment } }));
  const program = join(values.dist, 'dps-agent-simulator.cjs');
  const options = ['--data', join(folder, 'simulator'), '--port', '0', '--control-port', '0', '--json'];
  const child = spawn(process.execPath, [program, ...options, '--config', config], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return JSON.parse(line) as SimulatorAddress;
}

function startAgent(installed: string, { dps, scopeId, caFile }: SimulatorAddress): ChildProcess {
  const config = join(folder, 'config.yaml');
  const text = `provisioning:
  source: dps
  global_endpoint: ${dps.host}:${dps.port}
  scope_id: ${scopeId}
  attestation: { method: symmetric_key, registration_id: ${device}, symmetric_key: ${key} }
trust_bundle_cert: file://${caFile}
state_directory: ${join(folder, 'state')}
clock: { wait_for_sync: 0s }
connection: { connect_timeout: 1m }
telemetry:
  inputs:
    - { name: system, type: system, interval: 2s }
`;
  writeFileSync(config, text, { mode: 0o600 });
  const program = [join(installed, 'node'), join(installed, 'dps-agent.cjs'), 'run', '--config', config];
  const child = spawn('qemu-aarch64-static', ['-L', sysroot(), ...program], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  children.push(child);
  return child;
}

async function arrives({ control }: SimulatorAddress): Promise<void> {
  const response = await fetch(`${control}/simulator/messages`, {
    headers: { accept: 'text/event-stream' },
    signal: AbortSignal.timeout(patienceMs),
  });
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.includes(device)) return;
  }
  throw new Error('cannot go on: the simulator has ended');
}

async function untimely(agent: ChildProcess): Promise<never> {
  const [code] = (await once(agent, 'exit')) as [number | null];
  throw new Error(`cannot go on: the agent has ended with ${code ?? 'a signal'}`);
}
