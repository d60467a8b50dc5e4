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

const packages = 'systemd,systemd-sysv,dbus,ca-certificates,procps,curl';
const bootMs = 60_000;

/**
 * A Debian of its own with systemd as its first process, in a container of systemd-nspawn without a network: made once,
 * kept in the cache, and thrown away after each run with everything that was done in it.
 */
export class Machine {
  readonly root: string;
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

  async boot(): Promise<void> {
    const name = `dps-agent-${process.pid}`;
    const console = openSync(join(this.#folder, 'console'), 'w');
    this.#container = spawn(
      'systemd-nspawn',
      [
        ...['-q', '-D', this.root, '-b', '-M', name, '--register=no', '--keep-unit', '--private-network'],
        ...['--console=pipe', '--kill-signal=SIGRTMIN+3'],
      ],
      {
        stdio: ['ignore', console, console],
        detached: true,
        env: { ...process.env, SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: '1' },
      },
    );
    closeSync(console);
    await this.until('the machine has booted', bootMs, () => {
      this.#leader = firstChild(this.#container?.pid);
      return this.#leader !== '' && /running|degraded/.test(this.run('systemctl is-system-running').output);
    });
  }

  /** Runs a line of shell in the machine. */
  run(line: string): Outcome {
    const inside = ['-t', this.#leader, '-a', 'env', '-i', `PATH=${path}`, 'LANG=C.UTF-8', 'sh', '-c', line];
    const { status, stdout, stderr } = spawnSync('nsenter', inside, { encoding: 'utf8' });
    return { code: status ?? -1, output: `${stdout}${stderr}`.trim() };
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

  async discard(): Promise<void> {
    if (this.#container?.pid !== undefined && this.#container.exitCode === null) {
      const ended = new Promise((resolve) => this.#container?.once('exit', resolve));
      this.#container.kill('SIGTERM');
      await Promise.race([ended, sleep(20_000, undefined, { ref: false })]);
      spawnSync('kill', ['-KILL', '--', `-${this.#container.pid}`]);
    }
    for (const mount of [this.root, this.#folder]) spawnSync('umount', ['--lazy', mount]);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

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
