import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { Scratch } from '../../support/scratch.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const program = ['--import', import.meta.resolve('tsx'), join(root, 'src', 'soak', 'main.ts')];

describe('dps-agent-soak', () => {
  let scratch: Scratch;
  beforeEach(() => {
    scratch = new Scratch();
  });
  afterEach(() => scratch.clean());

  it('lists its scenarios', async () => {
    const { code, stdout } = await run(['scenarios']);
    assert.equal(code, 0);
    assert.match(stdout, /^smoke {11}two minutes of everything/m);
  });

  it('answers a wrong option with 64, and a scenario that is not there with 78', async () => {
    const option = await run(['run', '--agents', 'many']);
    assert.equal(option.code, 64);
    assert.match(option.stderr, /^dps-agent-soak: cannot use --agents many: it must be a whole number/);
    const scenario = await run(['run', '--scenario', 'smok']);
    assert.equal(scenario.code, 78);
    assert.match(
      scenario.stderr,
      /^dps-agent-soak: cannot find a scenario called smok: did you mean smoke\?/,
    );
  });

  it('says what a run against Azure would cost, and does nothing', async () => {
    const { code, stdout } = await run(
      'run --scenario smoke --target azure --max-messages 3000 --dry-run'.split(' '),
    );
    assert.equal(code, 0);
    assert.match(stdout, /^faults: cut, latency, loss, kill, freeze, restart, down$/m);
    assert.match(stdout, /cut off at 3000 \(--max-messages\)/);
    assert.match(stdout, /S1 or B1: 400,000 a day and unit/);
  });

  it('does not begin without the agent that it is to start', async () => {
    const { code, stderr } = await run('run --agent-program /nowhere/agent.cjs'.split(' '));
    assert.equal(code, 64);
    assert.match(stderr, /^dps-agent-soak: cannot use --agent-program \/nowhere\/agent.cjs: there is no /);
  });

  it('does not run against Azure without being told which', async () => {
    const { code, stderr } = await run('run --target azure --max-messages 10'.split(' '));
    assert.equal(code, 64);
    assert.match(stderr, /needs DPS_AGENT_SOAK_SCOPE_ID and DPS_AGENT_SOAK_GROUP_KEY/);
  });

  it('ends in order after Ctrl-C, with a verdict of what there was, and nothing is left running', async () => {
    const out = join(await scratch.folder(), 'run');
    const args = ['run', '--agents', '2', '--in-process', '--json', '--out', out];
    const child = start(args);
    const ended = once(child, 'exit') as Promise<[number | null]>;
    await once(child.stdout, 'data');
    const group = await childrenOf(child.pid);
    assert.ok(group.length >= 2, 'the wire and a crew');
    child.kill('SIGINT');
    const [code] = await ended;
    assert.equal(code, 130);
    const result = JSON.parse(await readFile(join(out, 'result.json'), 'utf8')) as Record<string, unknown>;
    assert.ok(Array.isArray(result['invariants']));
    assert.deepEqual(group.filter(isAlive), []);
  });
});

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(args: readonly string[]): ChildProcessByStdio<null, Readable, Readable> {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('DPS_AGENT_SOAK_')),
  );
  return spawn(process.execPath, [...program, ...args], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function run(args: readonly string[]): Promise<Ended> {
  const child = start(args);
  const said = { stdout: '', stderr: '' };
  child.stdout.on('data', (data: Buffer) => (said.stdout += data.toString()));
  child.stderr.on('data', (data: Buffer) => (said.stderr += data.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...said };
}

/** By /proc: the processes that this one has started, and that are there. */
async function childrenOf(parent: number | undefined): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const parents = await Promise.all(pids.map((pid) => parentOf(pid)));
  return pids.filter((_, index) => parents[index] === parent);
}

async function parentOf(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const parent = /^PPid:\s+(\d+)$/m.exec(status)?.[1];
  return parent === undefined ? undefined : Number(parent);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
