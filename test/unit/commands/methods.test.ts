import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { reboot } from '../../../src/methods/reboot.ts';
import { runCommand } from '../../../src/methods/run-command.ts';
import { readArguments } from '../../../src/methods/arguments.ts';
import type { TaskRecord } from '../../../src/tasks/task.ts';
import { WorkError } from '../../../src/work-error.ts';

const call = { requestId: '1', signal: new AbortController().signal };
const task = { correlationId: 'task-1', command: 'runCommand', createdAt: '' } as const;

function answering(record: TaskRecord | Error): { run: () => Promise<TaskRecord> } {
  return { run: () => (record instanceof Error ? Promise.reject(record) : Promise.resolve(record)) };
}

async function statusOf(record: TaskRecord | Error): Promise<readonly [number, unknown]> {
  const { status, payload } = await runCommand(answering(record), () => true).handle({ name: 'c' }, call);
  return [status, payload];
}

describe('runCommand', () => {
  it('answers with the result of what ended in time', async () => {
    assert.deepEqual(await statusOf({ ...task, state: 'succeeded', result: { exitStatus: 1 } }), [
      200,
      { exitStatus: 1 },
    ]);
  });

  it('answers 202 for what goes on or waits', async () => {
    for (const state of ['running', 'queued'] as const)
      assert.deepEqual(await statusOf({ ...task, state }), [202, { correlationId: 'task-1', state }]);
  });

  it('answers with the code of what failed', async () => {
    const failed = (code: string): TaskRecord => ({
      ...task,
      state: 'failed',
      error: { code, message: 'cannot', remedy: 'look' },
    });
    assert.deepEqual(await statusOf(failed('COMMAND-TIMEOUT')), [
      504,
      { code: 'COMMAND-TIMEOUT', error: 'cannot', remedy: 'look' },
    ]);
    assert.equal((await statusOf(failed('COMMAND-START')))[0], 500);
    for (const [code, status] of [
      ['COMMAND-UNKNOWN', 404],
      ['COMMAND-ARGUMENT', 400],
      ['TASK-FULL', 429],
    ] as const)
      assert.equal((await statusOf(new WorkError(code, 'run')))[0], status);
    await assert.rejects(statusOf(new Error('a bug')), /a bug/);
  });

  it('is off unless allowed, and asks each time', () => {
    let allowed = false;
    const method = runCommand(answering(new Error()), () => allowed);
    assert.equal(method.isAllowed?.(), false);
    allowed = true;
    assert.equal(method.isAllowed(), true);
  });
});

describe('reboot', () => {
  it('answers first, and is then asked for', async () => {
    const asked: number[] = [];
    const method = reboot(
      (delayMs) => asked.push(delayMs),
      () => true,
    );
    const read = readArguments(method, {}, () => undefined);
    assert.deepEqual(read, { args: { delaySeconds: 5 } });
    const { status, afterwards } = await method.handle({ delaySeconds: 90 }, call);
    assert.equal(status, 200);
    assert.deepEqual(asked, []);
    await afterwards?.();
    assert.deepEqual(asked, [90_000]);
  });

  it('waits a day at most', () => {
    const method = reboot(
      () => undefined,
      () => true,
    );
    for (const delaySeconds of [-1, 86_401, 1.5, '5'])
      assert.ok('problem' in readArguments(method, { delaySeconds }, () => undefined));
  });
});
