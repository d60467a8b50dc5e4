import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { error, ok, skipped, unknown, warning } from '../../../src/checks/check.ts';
import type { Check } from '../../../src/checks/check.ts';
import { runChecks } from '../../../src/checks/run-checks.ts';
import type { CheckRequest, CheckResult } from '../../../src/checks/run-checks.ts';
import { Scene } from '../../../src/checks/scene.ts';
import { SystemClock } from '../../../src/lib/clock.ts';

const clock = new SystemClock();
const never = new AbortController().signal;

function sceneOfNothing(): Scene {
  return new Scene({
    isInside: false,
    agent: { kind: 'absent' },
    machine: {
      clock,
      runProgram: () => Promise.reject(new Error('no program is run in this test')),
      root: '/nowhere',
      userId: 1000,
      nodeVersion: 'v0',
    },
  });
}

function check(id: string, over: Partial<Check> = {}): Check {
  return { id, looksAt: id, command: `look at ${id}`, run: () => ok('fine'), ...over };
}

async function resultsOf(
  checks: readonly Check[],
  request: Partial<CheckRequest> = {},
  onResult?: (result: CheckResult) => void,
): Promise<readonly CheckResult[]> {
  const whole = { dontRun: [], offline: false, ...request };
  return runChecks(checks, sceneOfNothing(), whole, clock, never, onResult);
}

async function seenBy(checks: readonly Check[], request?: Partial<CheckRequest>): Promise<string[]> {
  return (await resultsOf(checks, request)).map(({ id, status, seen }) => `${id} ${status}: ${seen}`);
}

describe('the checks', () => {
  it('are told in their order, whichever is done first', async () => {
    let release: () => void = () => undefined;
    const second = new Promise<void>((resolve) => (release = resolve));
    const told: string[] = [];
    const slow = check('slow', { run: () => second.then(() => ok('at last')) });
    const quick = check('quick', {
      run: () => {
        release();
        return ok('at once');
      },
    });
    await resultsOf([slow, quick], {}, ({ id }) => told.push(id));
    assert.deepEqual(told, ['slow', 'quick']);
  });

  it('are skipped one after another behind one that fails', async () => {
    const broken = check('first', { run: () => error('broken', {}) });
    const checks = [
      broken,
      check('second', { needs: ['first'] }),
      check('third', { needs: ['second'] }),
      check('other', { after: ['first'] }),
    ];
    assert.deepEqual(await seenBy(checks), [
      'first error: broken',
      'second skipped: because of first',
      'third skipped: because of second',
      'other ok: fine',
    ]);
  });

  it('are made behind one that had nothing to look at, not behind one that could not look', async () => {
    const checks = [
      check('idle', { run: () => skipped('there is none') }),
      check('blind', { run: () => unknown('it is dark') }),
      check('after idle', { needs: ['idle'] }),
      check('after blind', { needs: ['blind'] }),
    ];
    assert.deepEqual((await seenBy(checks)).slice(2), [
      'after idle ok: fine',
      'after blind skipped: because of blind',
    ]);
  });

  it('that are not to be made are in nobody’s way', async () => {
    const checks = [
      check('first', { run: () => error('broken', {}) }),
      check('second', { needs: ['first'] }),
    ];
    assert.deepEqual(await seenBy(checks, { dontRun: ['first'] }), [
      'first skipped: by --dont-run',
      'second ok: fine',
    ]);
  });

  it('stay on this machine with offline', async () => {
    const checks = [check('far', { isOnline: true }), check('near')];
    assert.deepEqual(await seenBy(checks, { offline: true }), ['far skipped: by --offline', 'near ok: fine']);
  });

  it('have a time after which they are errors, and their signal is aborted', async () => {
    let reason: unknown;
    const stuck = check('stuck', {
      deadlineMs: 20,
      run: (_scene, signal) => {
        signal.addEventListener('abort', () => {
          reason = signal.reason as unknown;
        });
        return new Promise<never>(() => undefined);
      },
    });
    const [result] = await resultsOf([stuck]);
    assert.equal(result?.status, 'error');
    assert.match(result.seen, /cannot finish this check within 0\.02 s/);
    assert.ok(reason instanceof Error);
  });

  it('turn whatever is thrown into an error, and go on', async () => {
    const thrower = check('thrower', { run: () => Promise.reject(new Error('cannot look')) });
    assert.deepEqual(await seenBy([thrower, check('next')]), ['thrower error: cannot look', 'next ok: fine']);
  });

  it('say what to type with whatever is wrong, and with nothing else', async () => {
    const results = await resultsOf([
      check('fine'),
      check('idle', { run: () => skipped('there is none') }),
      check('warned', { run: () => warning('nearly full', {}) }),
      check('broken', { run: () => error('broken', { command: 'mend it' }) }),
      check('thrower', { run: () => Promise.reject(new Error('cannot look')) }),
    ]);
    assert.deepEqual(
      results.map(({ command }) => command),
      [undefined, undefined, 'look at warned', 'mend it', 'look at thrower'],
    );
  });

  it('end when whoever asked has gone', async () => {
    const gone = new AbortController();
    const stuck = check('stuck', {
      run: () => {
        gone.abort(new Error('gone'));
        return new Promise<never>(() => undefined);
      },
    });
    const request = { dontRun: [], offline: false };
    await assert.rejects(runChecks([stuck], sceneOfNothing(), request, clock, gone.signal), /gone/);
  });
});
