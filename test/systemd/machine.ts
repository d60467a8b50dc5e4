import { execFileSync, spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cacheFolder } from '../../scripts/packaged-node.ts';

export interface Outcome {
  readonly code: number;
  /** Standard output and standard error, as they came. */
  readonly output: string;
}

export interface BootOptions {
  /** What the machine is given by whoever starts it: systemd.system-credentials(7). */
  readonly credentials?: Readonly<Record<string, string>>;
  /**
   * With cgroups of version 1 where the host has those: its controllers, such as that of memory, belong to them alone. A
   * machine has version 2 otherwise, as those in the field do, and there is held to no limit of memory.
   */
  readonly hasLegacyCgroups?: boolean;
}

const packages = 'systemd,systemd-sysv,dbus,ca-certificates,procps,curl';
const bootMs = 60_000;
const shutdownMs = 20_000;
const legacyControllers = ['memory', 'pids'].map((name) => `/sys/fs/cgroup/${name}`);
/** What devices a unit may open and which addresses it may reach are programs that systemd gives to the kernel. */
const forBpf = ['--system-call-filter=bpf', '--capability=CAP_BPF,CAP_NET_ADMIN,CAP_PERFMON'];

/**
 * A Debian of its own with systemd as its first process, in a container of systemd-nspawn without a network: made once,
 * kept in the cache, and thrown away after each run with everything that was done in it.
 */
export class Machine {
  readonly root: string;
  readonly #name = `dps-agent-${process.pid}`;
  readonly #folder: string;
  #container: ChildProcess | undefined;
  #leader = '';

  constructor(suite: string) {
    const base = baseOf(suite);
    this.#folder = mkdtempSync(join(tmpdir(), 'dps-agent-machine-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2g', 'tmpfs', this.#folder]);
    const [upper, work] = ['upper', 'work'].map((name) => join(this.#folder, name));
    this.root = join(this.#folder, 'root');
    for (const path of [upper, work, this.root]) mkdirSync(String(path));
    const layers = `lowerdir=${base},upperdir=${upper},workdir=${work}`;
    execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', layers, this.root]);
  }

  async boot({ credentials = {}, hasLegacyCgroups = false }: BootOptions = {}): Promise<void> {
    const isLegacy = hasLegacyCgroups && legacyControllers.every((path) => existsSync(path));
    const given = Object.entries(credentials).map(([id, value]) => `--set-credential=${id}:${value}`);
    const nspawn = [
      ...['systemd-nspawn', '-q', '-D', this.root, '-b', '-M', this.#name, '--register=no', '--keep-unit'],
      ...['--private-network', '--console=pipe', '--kill-signal=SIGRTMIN+3', ...forBpf, ...given],
    ];
    const console = openSync(join(this.#folder, 'console'), 'w');
    const [program = '', ...args] = isLegacy ? inCgroups(this.#cgroups(), nspawn) : nspawn;
    this.#container = spawn(program, args, {
      stdio: ['ignore', console, console],
      detached: true,
      env: { ...process.env, SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: isLegacy ? '0' : '1' },
    });
    closeSync(console);
    await this.until('the machine has booted', bootMs, () => {
      this.#leader = firstChild(this.#container?.pid);
      return this.#leader !== '' && /running|degraded/.test(this.run('systemctl is-system-running').output);
    });
    // systemd-nspawn lets the machine look at them only.
    for (const path of isLegacy ? legacyControllers : [])
      this.run(`mount -o remount,bind,rw ${path} && systemctl daemon-reexec`);
  }

  /** Runs a line of shell in the machine. */
  run(line: string): Outcome {
    const inside = ['-t', this.#leader, '-a', 'env', '-i', `PATH=${path}`, 'LANG=C.UTF-8', 'sh', '-c', line];
    const { status, stdout, stderr } = spawnSync('nsenter', inside, { encoding: 'utf8' });
    return { code: status ?? -1, output: `${stdout}${stderr}`.trim() };
  }

  /** The lines of the host's kernel, oldest first, about processes that it has killed in one of this machine's cgroups. */
  killedForMemory(cgroup: string): string[] {
    const log = execFileSync('dmesg', ['--notime'], { encoding: 'utf8' });
    const place = `oom_memcg=/${this.#name}${cgroup},`;
    return log.split('\n').filter((line) => line.startsWith('oom-kill:') && line.includes(place));
  }

  /** Gives it an address besides those of localhost. */
  addAddress(address: string): void {
    execFileSync('nsenter', ['-t', this.#leader, '-n', 'ip', 'address', 'add', address, 'dev', 'lo']);
  }

  /** Puts a file into it, with the directories above. */
  write(file: string, content: string | Buffer, mode = 0o644): void {
    const target = join(this.root, file);
    mkdirSync(join(target, '..'), { recursive: true });
    writeFileSync(target, content, { mode });
  }

  async until(what: string, ms: number, holds: () => boolean): Promise<void> {
    const end = performance.now() + ms;
    while (!holds()) {
      if (performance.now() > end) throw new Error(`cannot go on: not within ${ms / 1000} s: ${what}`);
      await sleep(200);
    }
  }

  /** In order; its disk stays as it is, for the next boot. */
  async shutDown(): Promise<void> {
    if (this.#container?.pid !== undefined && this.#container.exitCode === null) {
      const ended = new Promise((resolve) => this.#container?.once('exit', resolve));
      this.#container.kill('SIGTERM');
      await Promise.race([ended, sleep(shutdownMs, undefined, { ref: false })]);
      spawnSync('kill', ['-KILL', '--', `-${this.#container.pid}`]);
    }
    this.#container = undefined;
    for (const cgroup of this.#cgroups()) removeCgroup(cgroup);
  }

  async discard(): Promise<void> {
    await this.shutDown();
    for (const mount of [this.root, this.#folder]) spawnSync('umount', ['--lazy', mount]);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Its own, below which everything of it is: nothing of it stays on the host. */
  #cgroups(): string[] {
    return legacyControllers.map((controller) => join(controller, this.#name));
  }
}

const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

function inCgroups(cgroups: readonly string[], command: readonly string[]): string[] {
  for (const cgroup of cgroups) mkdirSync(cgroup);
  const joined = cgroups.map((cgroup) => `echo $$ > ${cgroup}/cgroup.procs && `).join('');
  return ['sh', '-c', `${joined}exec "$@"`, 'sh', ...command];
}

function removeCgroup(cgroup: string): void {
  if (!existsSync(cgroup)) return;
  const found = execFileSync('find', [cgroup, '-depth', '-type', 'd'], { encoding: 'utf8' });
  for (const each of found.trim().split('\n')) rmdirSync(each);
}

function baseOf(suite: string): string {
  const base = join(cacheFolder, `debian-${suite}-${packages.replaceAll(',', '-')}`);
  if (existsSync(base)) return base;
  const coming = `${base}.coming`;
  rmSync(coming, { recursive: true, force: true });
  mkdirSync(cacheFolder, { recursive: true });
  execFileSync('mmdebstrap', ['--variant=minbase', `--include=${packages}`, suite, coming], {
    stdio: 'inherit',
  });
  for (const unit of ['apt-daily.timer', 'apt-daily-upgrade.timer', 'systemd-firstboot.service'])
    execFileSync('ln', ['-sf', '/dev/null', join(coming, 'etc/systemd/system', unit)]);
  writeFileSync(join(coming, 'etc/machine-id'), '0123456789abcdef0123456789abcdef\n');
  execFileSync('mv', [coming, base]);
  return base;
}

function firstChild(pid: number | undefined): string {
  if (pid === undefined) return '';
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0] ?? '';
}
