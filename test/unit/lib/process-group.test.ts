import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { Clock } from '../../../src/lib/clock.ts';
import { describeError } from '../../../src/lib/errors.ts';
import type { ProgramHost } from '../../../src/lib/program-host.ts';
import { ProcessGroup } from '../../../src/lib/process-group.ts';
import { RecordingLog } from '../../fakes/recording-log.ts';
import { temporaryDirectory } from '../../fakes/temporary-directory.ts';

/** Time passes by sleeping only. */
function passingClock(): Clock {
  let nowMs = 0;
  return {
    now: () => new Date(nowMs),
    monotonic: () => nowMs,
    sleep: (ms) => {
      nowMs += ms;
      return Promise.resolve();
    },
  };
}

function noSuchGroup(code: 'ESRCH' | 'EPERM'): Error {
  return Object.assign(new Error(`kill ${code}`), { code });
}

interface Scene {
  readonly group: ProcessGroup;
  readonly log: RecordingLog;
  readonly clock: Clock;
  /** What was sent to whom; probes are left out. */
  readonly sent: string[];
}

/** A group 700 for which `kill` answers as given, and a /proc with these lines of `stat`. */
async function scene(
  test: TestContext,
  kill: (signal: NodeJS.Signals | 0, sent: readonly string[]) => void,
  stats: readonly string[] = [],
): Promise<Scene> {
  const root = await temporaryDirectory(test);
  for (const [index, stat] of stats.entries()) {
    await mkdir(join(root, 'proc', String(700 + index)), { recursive: true });
    await writeFile(join(root, 'proc', String(700 + index), 'stat'), stat);
  }
  const [log, clock, sent]: [RecordingLog, Clock, string[]] = [new RecordingLog(), passingClock(), []];
  const host: ProgramHost = {
    clock,
    log,
    environment: {},
    userId: 0,
    root,
    kill: (pid, signal) => {
      if (signal !== 0) sent.push(`${signal} ${pid}`);
      kill(signal, sent);
    },
  };
  return { group: new ProcessGroup(700, host), log, clock, sent };
}

describe('a process group', () => {
  it('is left alone when it is gone, and never signalled again: its number may be another’s by then', async (test) => {
    const { group, sent } = await scene(test, () => {
      throw noSuchGroup('ESRCH');
    });
    await group.end();
    await group.end();
    assert.deepEqual(sent, ['SIGTERM -700']);
  });

  it('is given two seconds to end after SIGTERM, and then killed', async (test) => {
    const { group, sent, clock, log } = await scene(test, (signal, before) => {
      if (signal === 0 && before.includes('SIGKILL -700')) throw noSuchGroup('ESRCH');
    });
    await group.end();
    assert.deepEqual(sent, ['SIGTERM -700', 'SIGKILL -700']);
    assert.ok(clock.monotonic() >= 2000 && clock.monotonic() < 2100);
    assert.deepEqual(log.lines, []);
  });

  it('is gone when only its dead are left, whom nobody has collected', async (test) => {
    const { group, clock, log } = await scene(test, () => undefined, [
      '700 (sh) Z 1 700 700 0 -1',
      '701 (a) b) (c) Z 1 700 700 0 -1',
      '702 (other) S 1 702 702 0 -1',
    ]);
    await group.end();
    assert.equal(clock.monotonic(), 0);
    assert.deepEqual(log.lines, []);
  });

  it('is waited for while one of it lives; one that survives SIGKILL is told of', async (test) => {
    const { group, clock, log } = await scene(test, () => undefined, [
      '700 (sh) Z 1 700 700 0 -1',
      '701 (driver) D 1 700 700 0 -1',
    ]);
    await group.end();
    assert.ok(clock.monotonic() >= 3000);
    assert.deepEqual(log.messages('warn'), ['cannot end a process group: some of it survives SIGKILL']);
  });

  it('cannot be ended when it may not be signalled', async (test) => {
    const { group } = await scene(test, () => {
      throw noSuchGroup('EPERM');
    });
    await assert.rejects(group.end(), (error) => {
      assert.equal(describeError(error), 'cannot end the process group 700: kill EPERM');
      return true;
    });
  });
});
