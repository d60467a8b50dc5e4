import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { CloudError } from '../../../src/cloud-error.ts';
import { TaskRunner } from '../../../src/tasks/task-runner.ts';
import type { TaskContext, TaskRecord } from '../../../src/tasks/task.ts';
import { WorkError } from '../../../src/work-error.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';
import { RecordingLog } from '../../fakes/recording-log.ts';
import { Scratch } from '../../support/scratch.ts';

let scratch: Scratch;
beforeEach(() => {
  scratch = new Scratch();
});
afterEach(() => scratch.clean());

interface Scene {
  readonly tasks: TaskRunner;
  readonly clock: FakeClock;
  readonly log: RecordingLog;
  readonly path: string;
  readonly stop: () => Promise<void>;
}

async function scene(path?: string): Promise<Scene> {
  const file = path ?? join(await scratch.folder(), 'tasks.json');
  const [clock, log] = [new FakeClock(), new RecordingLog()];
  let count = 0;
  const newId = (): string => `task-${(count += 1)}`;
  const tasks = new TaskRunner({ path: file, clock, log, newId });
  await tasks.load();
  const stopping = new AbortController();
  const running = tasks.run(stopping.signal);
  const stop = async (): Promise<void> => {
    stopping.abort();
    await running;
  };
  scratch.defer(stop);
  return { tasks, clock, log, path: file, stop };
}

/** Work that ends when the test says so. */
function work(): {
  readonly begin: (task: TaskContext) => Promise<Record<string, unknown>>;
  readonly begun: Promise<TaskContext>;
  readonly succeed: (result: Record<string, unknown>) => void;
  readonly fail: (error: Error) => void;
} {
  const { promise: begun, resolve: onBegun } = withResolvers<TaskContext>();
  const { promise, resolve, reject } = withResolvers<Record<string, unknown>>();
  const begin = (task: TaskContext): Promise<Record<string, unknown>> => {
    onBegun(task);
    task.signal.addEventListener('abort', () => {
      reject(task.signal.reason as Error);
    });
    return promise;
  };
  return { begin, begun, succeed: resolve, fail: reject };
}

function withResolvers<T>(): {
  promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
} {
  let [resolve, reject]: [(value: T) => void, (error: Error) => void] = [() => undefined, () => undefined];
  const promise = new Promise<T>((...both) => ([resolve, reject] = both));
  return { promise, resolve, reject };
}

async function until(tasks: TaskRunner, id: string, state: TaskRecord['state']): Promise<TaskRecord> {
  const isThere = (): boolean => tasks.find(id)?.state === state;
  await tasks.changed.until(isThere, AbortSignal.timeout(5000));
  const record = tasks.find(id);
  assert.equal(record?.state, state);
  return record;
}

describe('a task', () => {
  it('is answered for at once, goes on, and keeps its result', async () => {
    const { tasks } = await scene();
    const upload = work();
    const started = await tasks.start('uploadLogs', upload.begin);
    assert.equal(started.correlationId, 'task-1');
    const { progress } = await upload.begun;
    progress({ sentBytes: 10 });
    assert.deepEqual(tasks.find('task-1'), {
      correlationId: 'task-1',
      command: 'uploadLogs',
      state: 'running',
      createdAt: '2026-01-01T00:00:00.000Z',
      startedAt: '2026-01-01T00:00:00.000Z',
      progress: { sentBytes: 10 },
    });
    upload.succeed({ blobName: 'gw-1/logs' });
    const done = await until(tasks, 'task-1', 'succeeded');
    assert.deepEqual(done.result, { blobName: 'gw-1/logs' });
    assert.equal(done.endedAt, '2026-01-01T00:00:00.000Z');
  });

  it('that fails says with which code, and what to do', async () => {
    const { tasks, log } = await scene();
    const cause = new Error('it answered 403');
    const failures = [
      new CloudError('UPLOAD-STORAGE-REFUSED', 'upload to host', { cause }),
      new WorkError('COMMAND-TIMEOUT', 'run x'),
      new Error('a bug'),
    ];
    for (const error of failures) await tasks.start('uploadLogs', () => Promise.reject(error));
    const codes = ['UPLOAD-STORAGE-REFUSED', 'COMMAND-TIMEOUT', 'INTERNAL'];
    for (const [index, code] of codes.entries()) {
      const { error } = await until(tasks, `task-${index + 1}`, 'failed');
      assert.equal(error?.code, code);
      assert.equal(error.remedy === undefined, code === 'INTERNAL');
    }
    assert.match(tasks.find('task-1')?.error?.message ?? '', /^cannot upload to host: .*it answered 403$/);
    assert.equal(log.messages('warn').length, 3);
  });

  it('waits while two others are under way, and is carried out in its turn', async () => {
    const { tasks } = await scene();
    const works = [work(), work(), work(), work()];
    for (const [index, each] of works.entries()) await tasks.start(`job${index}`, each.begin);
    const states = (): string[] => [...tasks.list()].reverse().map(({ state }) => state);
    await works[1]?.begun;
    assert.deepEqual(states(), ['running', 'running', 'queued', 'queued']);
    works[1]?.succeed({});
    await works[2]?.begun;
    assert.deepEqual(states(), ['running', 'succeeded', 'running', 'queued']);
  });

  it('is refused when ten are waiting', async () => {
    const { tasks } = await scene();
    const first = [work(), work()];
    for (const each of first) await tasks.start('job', each.begin);
    await Promise.all(first.map(({ begun }) => begun));
    for (let count = 0; count < 10; count += 1) await tasks.start('job', work().begin);
    await assert.rejects(tasks.start('job', work().begin), (error) => {
      assert.ok(error instanceof WorkError);
      assert.deepEqual([error.code, error.status], ['TASK-FULL', 429]);
      return true;
    });
    first[0]?.succeed({});
    await until(tasks, 'task-3', 'running');
    await tasks.start('job', work().begin);
  });

  it('is remembered among the last twenty', async () => {
    const { tasks, path } = await scene();
    for (let count = 1; count <= 25; count += 1) {
      await tasks.start('job', () => Promise.resolve({ count }));
      await until(tasks, `task-${count}`, 'succeeded');
    }
    const next = work();
    await tasks.start('job', next.begin);
    assert.equal(tasks.find('task-5'), undefined);
    assert.equal(tasks.list().length, 21);
    assert.equal(tasks.list()[0]?.correlationId, 'task-26');
    const kept = JSON.parse(await readFile(path, 'utf8')) as { tasks: unknown[] };
    assert.equal(kept.tasks.length, 21);
  });
});

describe('work that is mostly quick', () => {
  it('is forgotten when it ends in time, and never written', async () => {
    const { tasks, path } = await scene();
    const record = await tasks.attempt('runCommand', () => Promise.resolve({ exitStatus: 0 }), 1000);
    assert.deepEqual([record.state, record.result], ['succeeded', { exitStatus: 0 }]);
    assert.deepEqual(tasks.list(), []);
    assert.deepEqual(tasks.tasksReport(), {});
    await assert.rejects(readFile(path), { code: 'ENOENT' });
  });

  it('becomes a task when its time is over', async () => {
    const { tasks, clock } = await scene();
    const slow = work();
    const attempt = tasks.attempt('runCommand', slow.begin, 1000);
    await slow.begun;
    assert.deepEqual(tasks.list(), []);
    await clock.advance(1000);
    const { correlationId, state } = await attempt;
    assert.equal(state, 'running');
    slow.succeed({ exitStatus: 3 });
    assert.deepEqual((await until(tasks, correlationId, 'succeeded')).result, { exitStatus: 3 });
  });
});

describe('over a restart', () => {
  it('results are there, and what was under way or waiting has been interrupted', async () => {
    const before = await scene();
    await before.tasks.start('quick', () => Promise.resolve({ bytes: 5 }));
    await until(before.tasks, 'task-1', 'succeeded');
    const works = [work(), work(), work()];
    for (const each of works) await before.tasks.start('long', each.begin);
    await works[1]?.begun;
    // Power is cut: a later agent finds what is on the disk now.
    const copy = `${before.path}.copy`;
    await writeFile(copy, await readFile(before.path));
    const after = await scene(copy);
    assert.deepEqual(after.tasks.find('task-1')?.result, { bytes: 5 });
    for (const id of ['task-2', 'task-3', 'task-4']) {
      const record = after.tasks.find(id);
      assert.equal(record?.state, 'interrupted');
      assert.equal(record.error?.code, 'TASK-INTERRUPTED');
    }
    assert.match(await readFile(copy, 'utf8'), /TASK-INTERRUPTED/);
  });

  it('an orderly end interrupts, waits for what is under way, and writes it down', async () => {
    const { tasks, path, stop } = await scene();
    const works = [work(), work(), work()];
    for (const each of works) await tasks.start('long', each.begin);
    await works[1]?.begun;
    await stop();
    assert.deepEqual(
      tasks.list().map(({ state }) => state),
      ['interrupted', 'interrupted', 'interrupted'],
    );
    const { tasks: kept } = JSON.parse(await readFile(path, 'utf8')) as { tasks: { state: string }[] };
    assert.deepEqual(new Set(kept.map(({ state }) => state)), new Set(['interrupted']));
  });

  it('a damaged file is set aside, and said', async () => {
    const path = join(await scratch.folder(), 'tasks.json');
    await writeFile(path, '{"tasks": [{"correlationId": 1}]}');
    const { tasks, log } = await scene(path);
    assert.deepEqual(tasks.list(), []);
    assert.equal(log.messages('warn').length, 1);
    assert.match(await readFile(`${path}.damaged`, 'utf8'), /correlationId/);
  });

  it('a disk that takes nothing stops no work, and is said once', async () => {
    const folder = await scratch.folder();
    await writeFile(join(folder, 'file'), '');
    const [clock, log] = [new FakeClock(), new RecordingLog()];
    const tasks = new TaskRunner({ path: join(folder, 'file', 'tasks.json'), clock, log, newId: () => 'id' });
    const stopping = new AbortController();
    const running = tasks.run(stopping.signal);
    await tasks.start('job', () => Promise.resolve({ done: true }));
    assert.deepEqual((await until(tasks, 'id', 'succeeded')).result, { done: true });
    stopping.abort();
    await running;
    assert.equal(log.messages('warn').length, 1);
  });
});

describe('the twin', () => {
  it('has of each command the last task, briefly', async () => {
    const { tasks } = await scene();
    const long = 'x'.repeat(600);
    await tasks.start('uploadLogs', () => Promise.reject(new Error('first')));
    await until(tasks, 'task-1', 'failed');
    await tasks.start('uploadLogs', () =>
      Promise.resolve({ blobName: 'a', text: long, list: [1, 2], deep: { er: { und: { er: 1 } } } }),
    );
    await until(tasks, 'task-2', 'succeeded');
    const at = '2026-01-01T00:00:00.000Z';
    assert.deepEqual(tasks.tasksReport(), {
      uploadLogs: {
        value: {
          correlationId: 'task-2',
          state: 'succeeded',
          createdAt: at,
          startedAt: at,
          endedAt: at,
          result: { blobName: 'a', text: `${'x'.repeat(512)}…`, deep: { er: {} } },
        },
      },
    });
  });
});
