import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { Bell } from '../../../../src/lib/bell.ts';
import { SystemClock } from '../../../../src/lib/clock.ts';
import { Unit } from '../../../../src/soak/fleet/unit.ts';
import { RecordingLog } from '../../../fakes/recording-log.ts';

const clock = new SystemClock();
const [soon, never] = [20, 600_000];

describe('a unit: a process that is started again as systemd would', () => {
  it('an end that nobody wanted is told as such, and followed by the next life', async (t) => {
    const unit = makeUnit(t, 'echo up; exit 3', soon);
    await unit.start();
    await unit.until(() => unit.lives >= 2);
    assert.deepEqual(unit.ends[0], 'status 3, unwanted');
  });

  it('killed: wanted, and after its delay it runs again', async (t) => {
    const unit = makeUnit(t, 'echo up; read forever </dev/zero', soon);
    await unit.start();
    await unit.kill();
    assert.deepEqual([unit.ends, unit.lives], [['SIGKILL, by SIGKILL'], 2]);
  });

  it('restarted: it may end in order, and runs again without delay', async (t) => {
    const unit = makeUnit(t, 'trap "exit 0" TERM; echo up; while :; do sleep 0.01; done', never);
    await unit.start();
    await unit.until(() => unit.said.includes('up'));
    await unit.restart();
    assert.deepEqual([unit.ends, unit.lives], [['status 0, by SIGTERM'], 2]);
  });

  it('a status of 75 asks for the next life at once, one of 78 for none', async (t) => {
    const unit = makeUnit(t, '[ $LIFE = 1 ] && exit 75; exit 78', never);
    await unit.start();
    await unit.until(() => unit.ends.length === 2);
    assert.deepEqual(unit.ends, ['status 75, unwanted', 'status 78, unwanted']);
    assert.equal(unit.pid, undefined);
  });

  it('put down twice it stays so until it is revived twice', async (t) => {
    const unit = makeUnit(t, 'exec sleep 600', soon);
    await unit.start();
    await Promise.all([unit.down(), unit.down()]);
    await unit.revive();
    assert.deepEqual([unit.pid, unit.lives], [undefined, 1]);
    await unit.revive();
    assert.notEqual(unit.pid, undefined);
    assert.equal(unit.lives, 2);
  });

  it('what cannot be started is said', async (t) => {
    const unit = makeUnit(t, '', never, '/nonexistent/program');
    await assert.rejects(unit.start(), /^Error: cannot start test$/);
  });

  it('stopped while it is frozen, it is gone', async (t) => {
    const unit = makeUnit(t, 'exec sleep 600', soon);
    await unit.start();
    unit.freeze();
    await unit.stop();
    assert.deepEqual([unit.pid, unit.ends], [undefined, ['SIGTERM, by SIGTERM']]);
  });
});

/** A unit with all that it told. */
class WatchedUnit extends Unit {
  readonly said: string[];
  readonly ends: string[];
  readonly #changed: Bell;

  constructor(script: string, restartDelayMs: number, file: string) {
    const [said, ends, changed]: [string[], string[], Bell] = [[], [], new Bell()];
    const nothing = (): void => undefined;
    super({
      name: 'test',
      plan: (life) => ({
        file,
        args: ['-c', script],
        environment: { LIFE: String(life), PATH: '/usr/bin:/bin' },
        hasChannel: false,
      }),
      listener: {
        onLine: (line) => {
          said.push(line);
          changed.ring();
        },
        onErrors: nothing,
        onMessage: nothing,
      },
      onStart: () => {
        changed.ring();
      },
      onEnd: ({ code, signal }, asked) => {
        ends.push(
          `${signal ?? `status ${code ?? 'unknown'}`}, ${asked === undefined ? 'unwanted' : `by ${asked}`}`,
        );
        changed.ring();
      },
      restartDelayMs,
      keeper: { began: nothing, ended: nothing },
      clock,
      log: new RecordingLog(),
    });
    this.said = said;
    this.ends = ends;
    this.#changed = changed;
  }

  get lives(): number {
    return this.life;
  }

  until(holds: () => boolean): Promise<void> {
    return this.#changed.until(holds, AbortSignal.timeout(10_000));
  }
}

function makeUnit(t: TestContext, script: string, restartDelayMs: number, file = '/bin/sh'): WatchedUnit {
  const unit = new WatchedUnit(script, restartDelayMs, file);
  t.after(() => unit.stop());
  return unit;
}
