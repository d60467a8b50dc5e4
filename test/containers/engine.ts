import { execFileSync, spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cacheFolder, packagedNode, packagedNodeVersion } from '../../scripts/packaged-node.ts';

export interface Outcome {
  readonly code: number | null;
  readonly output: string;
}

const project = join(import.meta.dirname, '..', '..');
/** What the Dockerfile begins from. */
export const baseName = `docker.io/library/node:${packagedNodeVersion}-bookworm-slim`;

/**
 * podman and buildah with a store of their own, without a daemon and without systemd: the Dockerfile and compose.yaml as
 * they are. No registry can be reached, so the base image is made here under the name that the Dockerfile gives it: a
 * minimal Debian with the same Node and npm.
 */
export class Engine {
  readonly folder: string;
  readonly #env: NodeJS.ProcessEnv;
  #service: ChildProcess | undefined;

  /** @param environment what compose is told besides */
  constructor(environment: Readonly<Record<string, string>>) {
    this.folder = mkdtempSync(join(tmpdir(), 'dps-agent-containers-'));
    const file = (name: string): string => join(this.folder, name);
    mkdirSync(file('tmp'));
    writeFileSync(file('containers.conf'), containersConf);
    writeFileSync(file('storage.conf'), storageConf(this.folder));
    this.#env = {
      ...process.env,
      ...environment,
      CONTAINERS_CONF: file('containers.conf'),
      CONTAINERS_STORAGE_CONF: file('storage.conf'),
      TMPDIR: file('tmp'),
      DOCKER_HOST: `unix://${file('podman.sock')}`,
    };
    this.mustRun('podman', 'import', '--quiet', baseImage(), baseName);
  }

  /** A stage of the project's own Dockerfile. */
  build(target: string, tag: string): void {
    this.mustRun(
      ...['buildah', 'bud', '--format', 'docker', '--isolation', 'chroot', '--pull-never', '--layers'],
      ...[...throughOwnAuthorities(this.folder), '--target', target, '--tag', tag, project],
    );
  }

  /** What compose is talked to through, until `close`. */
  async serve(): Promise<void> {
    const socket = join(this.folder, 'podman.sock');
    this.#service = spawn('podman', ['system', 'service', '--time=0', `unix://${socket}`], {
      env: this.#env,
      stdio: 'ignore',
    });
    await until('podman serves its API', 20_000, () => existsSync(socket));
  }

  run(program: string, ...args: readonly string[]): Outcome {
    const { status, stdout, stderr } = spawnSync(program, args, {
      cwd: project,
      env: this.#env,
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    });
    return { code: status, output: `${stdout}${stderr}` };
  }

  /** Throws, with what was printed, unless it succeeds. */
  mustRun(program: string, ...args: readonly string[]): string {
    const { code, output } = this.run(program, ...args);
    if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${String(code)}:\n${output}`);
    return output;
  }

  /** Beside other commands. */
  start(program: string, ...args: readonly string[]): Promise<Outcome> {
    const child = spawn(program, args, { cwd: project, env: this.#env });
    let output = '';
    const take = (chunk: Buffer): void => {
      output += chunk.toString();
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    return once(child, 'close').then(([code]) => ({ code: code as number | null, output }));
  }

  async close(): Promise<void> {
    this.run('podman', 'rm', '--all', '--force', '--time', '1');
    this.run('podman', 'network', 'prune', '--force');
    if (this.#service !== undefined) {
      const ended = once(this.#service, 'exit');
      this.#service.kill('SIGTERM');
      await ended;
    }
    this.run('podman', 'system', 'reset', '--force');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Looks again and again, since there is nobody who would say when. Rejects after so many milliseconds. */
export async function until(
  what: string,
  timeoutMs: number,
  isSo: () => boolean | Promise<boolean>,
): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  while (!(await isSo())) {
    if (performance.now() > endMs) throw new Error(`not so after ${timeoutMs} ms: ${what}`);
    await sleep(200);
  }
}

/** No crun, no raised limits, names between containers: what a machine with cgroups of version 1 and no systemd can do. */
const containersConf = `[network]
network_backend = "netavark"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
[containers]
log_driver = "k8s-file"
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
`;

const storageConf = (folder: string): string => `[storage]
driver = "overlay"
graphroot = "${folder}/graph"
runroot = "${folder}/runroot"
`;

/** Where this machine reaches its registries through authorities of its own, the build must know them too. */
function throughOwnAuthorities(folder: string): readonly string[] {
  const authorities = process.env['NODE_EXTRA_CA_CERTS'];
  if (authorities === undefined) return [];
  const npmrc = join(folder, 'npmrc');
  writeFileSync(npmrc, 'cafile=/etc/ssl/certs/ca-certificates.crt\n');
  return ['-v', `${authorities}:/etc/ssl/certs/ca-certificates.crt:ro`, '-v', `${npmrc}:/root/.npmrc:ro`];
}

/** Made once, and kept. */
function baseImage(): string {
  const image = join(cacheFolder, `node-${packagedNodeVersion}-bookworm-slim.tar`);
  if (existsSync(image)) return image;
  const folder = mkdtempSync(join(tmpdir(), 'dps-agent-base-'));
  const local = join(folder, 'local');
  for (const name of ['bin', 'lib/node_modules']) mkdirSync(join(local, name), { recursive: true });
  copyFileSync(packagedNode('amd64').program, join(local, 'bin', 'node'));
  const modules = execFileSync('npm', ['root', '--global'], { encoding: 'utf8' }).trim();
  cpSync(join(modules, 'npm'), join(local, 'lib/node_modules/npm'), { recursive: true });
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(local, 'bin', 'npm'));
  const packages = '--include=ca-certificates,libstdc++6';
  const hook = `--customize-hook=cp -a ${local}/. "$1/usr/local/"`;
  const coming = join(folder, 'base.tar');
  execFileSync('mmdebstrap', ['--quiet', '--variant=minbase', packages, hook, 'bookworm', coming]);
  mkdirSync(cacheFolder, { recursive: true });
  copyFileSync(coming, `${image}.coming`);
  renameSync(`${image}.coming`, image);
  rmSync(folder, { recursive: true, force: true });
  return image;
}
