import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { RunMark } from '../../../src/cli/run-mark.ts';
import { runningAgent } from '../../../src/cli/running-agent.ts';
import { RecordingLog } from '../../fakes/recording-log.ts';
import { Scratch } from '../../support/scratch.ts';

/** Above what Linux gives to any process (proc(5), pid_max). */
const first = 4_194_305;
const second = 4_194_306;

describe('the mark of a run', () => {
  let scratch: Scratch;
  let stateDirectory: string;
  let root: string;
  let log: RecordingLog;

  beforeEach(async () => {
    scratch = new Scratch();
    stateDirectory = await scratch.folder();
    root = await scratch.folder();
    log = new RecordingLog();
    await boot('one');
  });

  afterEach(() => scratch.clean());

  async function boot(id: string): Promise<void> {
    const folder = join(root, 'proc/sys/kernel/random');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'boot_id'), `${id}\n`);
  }

  const markOf = (pid: number, over: { root?: string } = {}): RunMark =>
    new RunMark({ stateDirectory, pid, root, log, ...over });

  it('tells nothing at the very first start, nor after an orderly end, which leaves no file', async () => {
    assert.equal(await markOf(first).lastEnd(), undefined);
    await markOf(first).begin();
    await markOf(first).end();
    assert.deepEqual(await readdir(stateDirectory), []);
    assert.equal(await markOf(second).lastEnd(), undefined);
    assert.deepEqual(log.lines, []);
  });

  it('tells a killed process from a machine that went down', async () => {
    await markOf(first).begin();
    assert.equal(await markOf(second).lastEnd(), 'RUN-KILLED');
    await boot('two');
    assert.equal(await markOf(second).lastEnd(), 'RUN-POWER');
    assert.deepEqual(
      log.lines.map(({ level, fields }) => [level, fields['code'], fields['process']]),
      [
        ['warn', 'RUN-KILLED', first],
        ['warn', 'RUN-POWER', first],
      ],
    );
  });

  it('tells a killed process whose number the next one has, as in a container', async () => {
    await markOf(1).begin();
    assert.equal(await markOf(1).lastEnd(), 'RUN-KILLED');
  });

  it('takes no agent for killed that still runs', async () => {
    const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)', 'dps-agent', 'run']);
    scratch.defer(async () => {
      other.kill('SIGKILL');
      await once(other, 'close');
    });
    await once(other, 'spawn');
    const pid = other.pid ?? assert.fail('it has not started');
    await markOf(pid).begin();
    assert.equal(await runningAgent(stateDirectory), pid);
    assert.equal(await markOf(second).lastEnd(), undefined);
  });

  it('leaves alone what another agent has written since', async () => {
    await markOf(first).begin();
    await markOf(second).begin();
    await markOf(first).end();
    assert.match(await readFile(join(stateDirectory, 'dps-agent.pid'), 'utf8'), new RegExp(`^${second}\n`));
  });

  it('tells nothing of a version that left its mark after every end, nor where /proc is closed', async () => {
    await writeFile(join(stateDirectory, 'dps-agent.pid'), `${first}\n`);
    assert.equal(await markOf(second).lastEnd(), undefined);
    const closed = { root: join(root, 'nowhere') };
    await markOf(first, closed).begin();
    assert.equal(await markOf(second, closed).lastEnd(), undefined);
    assert.deepEqual(log.messages('warn'), []);
  });

  it('goes on without where the state directory cannot be used, and says so', async () => {
    stateDirectory = join(root, 'proc/sys/kernel/random/boot_id');
    const mark = markOf(first);
    assert.equal(await mark.lastEnd(), undefined);
    await mark.begin();
    await mark.end();
    assert.deepEqual(
      log.messages('warn').map((message) => message.split(' ', 2).join(' ')),
      ['cannot tell', 'cannot write', 'cannot remove'],
    );
  });
});
