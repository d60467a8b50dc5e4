import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { CommandRunner } from '../../../src/commands/command-runner.ts';
import { RebootService } from '../../../src/commands/reboot-service.ts';
import type { CommandConfig } from '../../../src/config/commands-schema.ts';
import { SystemClock } from '../../../src/lib/clock.ts';
import { describeError } from '../../../src/lib/errors.ts';
import type { ProgramHost } from '../../../src/lib/program-host.ts';
import { TaskRunner } from '../../../src/tasks/task-runner.ts';
import type { TaskRecord } from '../../../src/tasks/task.ts';
import { WorkError } from '../../../src/work-error.ts';
import { RecordingLog } from '../../fakes/recording-log.ts';
import { Scratch } from '../../support/scratch.ts';

let scratch: Scratch;
let log: RecordingLog;
let host: ProgramHost;

beforeEach(() => {
  scratch = new Scratch();
  log = new RecordingLog();
  host = {
    clock: new SystemClock(),
    log,
    environment: { ...process.env, SECRET_OF_THE_AGENT: 'hunter2' },
    userId: process.getuid?.() ?? -1,
    kill: (pid, signal) => {
      process.kill(pid, signal);
    },
    root: '/',
  };
});
afterEach(() => scratch.clean());

const soon = (): AbortSignal => AbortSignal.timeout(10_000);

function script(text: string, over: Partial<CommandConfig> = {}): CommandConfig {
  const usual = { name: 'c', args: [], argsBy: 'name', timeoutMs: 5000, maxOutputBytes: 1000 } as const;
  return { ...usual, command: ['sh', '-c', text], ...over };
}

async function runner(
  ...commands: CommandConfig[]
): Promise<{ run: (args?: unknown, ms?: number) => Promise<TaskRecord>; tasks: TaskRunner }> {
  let count = 0;
  const path = join(await scratch.folder(), 'tasks.json');
  const tasks = new TaskRunner({ path, clock: host.clock, log, newId: () => `task-${(count += 1)}` });
  const stopping = new AbortController();
  const running = tasks.run(stopping.signal);
  scratch.defer(async () => {
    stopping.abort();
    await running;
  });
  const commandRunner = new CommandRunner({ commands: () => commands, host, tasks });
  const [{ name } = { name: 'none' }] = commands;
  return { tasks, run: (args, ms = 5000) => commandRunner.run(name, args, ms) };
}

async function until(tasks: TaskRunner, id: string, state: TaskRecord['state']): Promise<TaskRecord> {
  await tasks.changed.until(() => tasks.find(id)?.state === state, soon());
  const record = tasks.find(id);
  assert.ok(record);
  return record;
}

/** The dead whom no init has collected, as in a container that has none, do not live. */
async function lives(pid: number): Promise<boolean> {
  assert.ok(pid > 1);
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ' Z ');
  return !/ [ZX] /.test(stat);
}

describe('a command', () => {
  it('tells its exit status and both its outputs', async () => {
    const { run } = await runner(script('echo out; echo err >&2; exit 3'));
    const { state, result } = await run();
    assert.equal(state, 'succeeded');
    assert.deepEqual(
      { ...result, durationMs: 0 },
      { exitStatus: 3, durationMs: 0, stdout: 'out\n', stderr: 'err\n' },
    );
  });

  it('gets its arguments as words, whatever is in them', async () => {
    const [args, argsBy] = [[{ name: '1', pattern: '.*' }], 'position'] as const;
    const { run } = await runner(
      script('printf "%s|" "$@"', { command: ['printf', '%s|', '{1}', 'b c'], args, argsBy }),
    );
    assert.equal((await run(["a; $(id) '`x`"])).result?.['stdout'], "a; $(id) '`x`|b c|");
  });

  it('has nothing of the agent’s environment but the path, home and language', async () => {
    const { run } = await runner(script('env'));
    assert.doesNotMatch(String((await run()).result?.['stdout']), /hunter2/);
  });

  it('is run where the configuration says', async () => {
    const directory = await scratch.folder();
    const { run } = await runner(script('pwd', { directory }));
    assert.equal((await run()).result?.['stdout'], `${directory}\n`);
  });

  it('has long output cut, which is said, and is not held up by it', async () => {
    const { run } = await runner(script('yes é | head -c 3000000; exit 0', { maxOutputBytes: 1000 }));
    const { result } = await run();
    assert.equal(result?.['stdoutBytes'], 3_000_000);
    assert.equal(result['stdoutTruncated'], true);
    const text = String(result['stdout']);
    assert.ok(text.startsWith('é\né\n') && !text.includes('\ufffd'));
    assert.ok(Buffer.byteLength(text) <= 1000 && Buffer.byteLength(text) > 990);
    assert.equal('stderrTruncated' in result, false);
  });

  it('has output that grows as JSON cut to what an answer can hold', async () => {
    const { run } = await runner(script('head -c 32000 /dev/zero', { maxOutputBytes: 32_768 }));
    const { result } = await run();
    assert.ok(JSON.stringify(result).length < 60_000);
    assert.equal(result?.['stdoutTruncated'], true);
  });

  it('that takes long is a task, whose result is there later', async () => {
    const folder = await scratch.folder();
    const { run, tasks } = await runner(script(`until [ -e ${folder}/go ]; do sleep 0.02; done; echo done`));
    const { state, correlationId } = await run(undefined, 50);
    assert.equal(state, 'running');
    await writeFile(join(folder, 'go'), '');
    assert.equal((await until(tasks, correlationId, 'succeeded')).result?.['stdout'], 'done\n');
  });

  it('that takes too long is ended, with what it has started', async () => {
    const folder = await scratch.folder();
    const { run } = await runner(
      script(`sh -c 'echo $$ > ${folder}/pid; exec sleep 60' & wait`, { timeoutMs: 300 }),
    );
    const { state, error } = await run();
    assert.deepEqual([state, error?.code], ['failed', 'COMMAND-TIMEOUT']);
    const pid = Number(await readFile(join(folder, 'pid'), 'utf8'));
    assert.ok(!(await lives(pid)));
  });

  it('does not wait for what it leaves in the background, and leaves nothing', async () => {
    const { run } = await runner(script('sleep 60 & echo $!'));
    const pid = Number((await run()).result?.['stdout']);
    assert.ok(!(await lives(pid)));
  });

  it('that cannot be started says why', async () => {
    const { run } = await runner(script('', { command: ['/nowhere/to/be/found'] }));
    const { error } = await run();
    assert.equal(error?.code, 'COMMAND-START');
    assert.match(error.message, /ENOENT/);
  });

  it('that is killed tells by what', async () => {
    const { run } = await runner(script('kill -9 $$'));
    assert.equal((await run()).result?.['signal'], 'SIGKILL');
  });

  it('that nobody has configured is unknown, and those there are named', async () => {
    const { tasks } = await runner();
    const commands = [script('', { name: 'one' }), script('', { name: 'two' })];
    const own = new CommandRunner({ commands: () => commands, host, tasks });
    await assert.rejects(own.run('three', {}, 10), (error) => {
      assert.ok(error instanceof WorkError && error.code === 'COMMAND-UNKNOWN');
      assert.match(describeError(error), /one, two/);
      return true;
    });
  });
});

describe('the reboot', () => {
  async function rebooter(text: string): Promise<{ reboot: RebootService; folder: string }> {
    const folder = await scratch.folder();
    const own = script(text.replace('FOLDER', folder), { name: 'reboot' });
    const reboot = new RebootService({ commands: () => [own], host });
    const stopping = new AbortController();
    const running = reboot.run(stopping.signal);
    scratch.defer(async () => {
      stopping.abort();
      await running;
    });
    return { reboot, folder };
  }

  async function untilLogged(level: 'error', pattern: RegExp): Promise<void> {
    for (const signal = soon(); !signal.aborted;) {
      if (log.messages(level).some((message) => pattern.test(message))) return;
      await host.clock.sleep(10, signal);
    }
  }

  it('runs the program of that name once, when its time has come', async () => {
    const { reboot, folder } = await rebooter('echo now >> FOLDER/rebooted; exit 1');
    reboot.request(60_000);
    reboot.request(30);
    // It ends with 1, so that its end can be seen.
    await untilLogged('error', /cannot restart the machine/);
    assert.equal(await readFile(join(folder, 'rebooted'), 'utf8'), 'now\n');
    assert.equal(log.messages('warn').length, 2);
  });

  it('that is not possible is said, and the agent goes on', async () => {
    const { reboot } = await rebooter('echo not permitted >&2; exit 4');
    reboot.request(0);
    await untilLogged('error', /cannot restart the machine: sh failed/);
    assert.deepEqual(log.lines.at(-1)?.fields['stderr'], 'not permitted\n');
  });
});
