import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { Keeper } from '../../../../src/soak/fleet/keeper.ts';
import { RecordingLog } from '../../../fakes/recording-log.ts';

describe('the keeper of a fleet', () => {
  it('ends whoever is left when it hears no more, and nobody who has been taken off its list', async (t) => {
    const [left, frozen, ended] = [sleeper(t), sleeper(t), sleeper(t)];
    frozen.kill('SIGSTOP');
    const log = new RecordingLog();
    const keeper = new Keeper(log);
    for (const { pid } of [left, ended, frozen]) keeper.began(pid ?? 0);
    keeper.ended(ended.pid ?? 0);
    const gone = Promise.all([once(left, 'exit'), once(frozen, 'exit')]);
    await keeper.close();
    await gone;
    assert.deepEqual([left.signalCode, frozen.signalCode], ['SIGKILL', 'SIGKILL']);
    assert.deepEqual([ended.exitCode, ended.signalCode], [null, null]);
    assert.deepEqual(log.lines, []);
  });
});

function sleeper(t: TestContext): ChildProcess {
  const child = spawn('sleep', ['600'], { stdio: 'ignore' });
  t.after(() => child.kill('SIGKILL'));
  return child;
}
