import assert from 'node:assert/strict';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { SystemClock } from '../../../src/lib/clock.ts';
import type { ProgramHost } from '../../../src/lib/program-host.ts';
import { Secret } from '../../../src/lib/secret.ts';
import { LogRing } from '../../../src/logging/log-ring.ts';
import { getTaskStatus } from '../../../src/methods/get-task-status.ts';
import { uploadLogs } from '../../../src/methods/upload-logs.ts';
import { uploadSupportBundle } from '../../../src/methods/upload-support-bundle.ts';
import type { MethodResponse } from '../../../src/methods/method.ts';
import { readArguments } from '../../../src/methods/arguments.ts';
import type { Method } from '../../../src/methods/method.ts';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { TaskRunner } from '../../../src/tasks/task-runner.ts';
import type { TaskRecord } from '../../../src/tasks/task.ts';
import { CurrentUploads } from '../../../src/uploads/current-uploads.ts';
import { journalLines } from '../../../src/uploads/journal.ts';
import { makeBundle } from '../../../src/uploads/bundle.ts';
import { Scrubber } from '../../../src/uploads/scrubber.ts';
import { UploadJobs } from '../../../src/uploads/upload-jobs.ts';
import { RecordingLog } from '../../fakes/recording-log.ts';
import { Scratch } from '../../support/scratch.ts';
import { simulatorFor } from '../../support/simulator.ts';
import { soon, uploaderFor } from './uploads.ts';

let scratch: Scratch;
let simulator: Simulator;
let tasks: TaskRunner;
let jobs: UploadJobs;
let current: CurrentUploads;
/** Where a journalctl of the test's own stands. */
let programs: string;

const clock = new SystemClock();
const secret = 'the-secret-of-this-test';

beforeEach(async () => {
  scratch = new Scratch();
  simulator = await simulatorFor(scratch);
  programs = await scratch.folder();
  const log = new RecordingLog();
  let count = 0;
  const path = join(await scratch.folder(), 'tasks.json');
  tasks = new TaskRunner({ path, clock, log, newId: () => `task-${(count += 1)}` });
  const stopping = new AbortController();
  const running = tasks.run(stopping.signal);
  scratch.defer(async () => {
    stopping.abort();
    await running;
  });
  const ring = new LogRing(100_000);
  for (const [time, level, msg] of [
    ['2026-11-22T08:00:00Z', 30, 'early'],
    ['2026-11-22T09:00:00Z', 20, `in between, with ${secret}`],
    ['2026-11-22T09:30:00Z', 40, 'late'],
  ])
    ring.push(JSON.stringify({ level, time, msg }));
  current = new CurrentUploads();
  const host: ProgramHost = {
    clock,
    log,
    environment: { PATH: `${programs}:${process.env['PATH'] ?? ''}` },
    userId: process.getuid?.() ?? -1,
    kill: (pid, signal) => {
      process.kill(pid, signal);
    },
    root: '/',
  };
  const scrubber = (): Scrubber => new Scrubber([new Secret(secret)]);
  jobs = new UploadJobs({
    tasks,
    uploads: () => current.current(),
    ring,
    journal: (filter) => journalLines('dps-agent', filter, host),
    makeBundle: () => makeBundle({ parts: [{ name: 'a', content: () => 'b' }], scrubber: scrubber(), clock }),
    scrubber,
    clock,
  });
});
afterEach(() => scratch.clean());

async function connect(): Promise<void> {
  current.use((await uploaderFor(simulator)).uploads);
}

/** As the table of methods does it. */
async function call<Args>(method: Method<Args>, payload: unknown): Promise<MethodResponse> {
  const read = readArguments(method, payload, () => undefined);
  if ('problem' in read) return { status: 400, payload: read.problem };
  return await method.handle(read.args as Args, { requestId: '1', signal: soon() });
}

async function ended({ status, payload }: MethodResponse): Promise<TaskRecord> {
  assert.equal(status, 202, JSON.stringify(payload));
  const { correlationId } = payload as TaskRecord;
  const isOver = (): boolean => tasks.find(correlationId)?.endedAt !== undefined;
  await tasks.changed.until(isOver, soon());
  const answer = await call(getTaskStatus(tasks), { correlationId });
  assert.equal(answer.status, 200);
  return answer.payload as TaskRecord;
}

const linesOf = (blobName: unknown): string[] => {
  const blob = simulator.blobs.get(String(blobName));
  assert.ok(blob, String(blobName));
  return gunzipSync(blob.content).toString().trim().split('\n');
};

const messagesIn = (blobName: unknown): string[] =>
  linesOf(blobName).map((line) => (JSON.parse(line) as { msg: string }).msg);

async function journalctl(script: string): Promise<void> {
  await writeFile(join(programs, 'journalctl'), `#!/bin/sh\n${script}\n`);
  await chmod(join(programs, 'journalctl'), 0o755);
}

describe('uploadLogs', () => {
  it('uploads the lines in memory through the hub, without what is secret', async () => {
    await connect();
    const { state, result, progress } = await ended(await call(uploadLogs(jobs, clock), {}));
    assert.equal(state, 'succeeded');
    assert.match(String(result?.['blobName']), /^gw-1\/logs\/\d{8}T\d{6}Z\.ndjson\.gz$/);
    assert.deepEqual(messagesIn(result?.['blobName']), ['early', 'in between, with [secret]', 'late']);
    assert.equal(progress?.['sentBytes'], result?.['bytes']);
  });

  it('uploads those of a time and a level, to a name or to a SAS URL', async () => {
    await connect();
    const since = '2026-11-22T08:30:00Z';
    const named = await ended(
      await call(uploadLogs(jobs, clock), { blobName: 'x/y.gz', since, level: 'info' }),
    );
    assert.deepEqual(messagesIn(named.result?.['blobName']), ['late']);
    assert.equal(named.result?.['blobName'], 'gw-1/x/y.gz');
    const sasUrl = simulator.blobUrl('case 4711.gz');
    const sent = await ended(await call(uploadLogs(jobs, clock), { sasUrl, until: since }));
    assert.deepEqual(messagesIn(sent.result?.['blobName']), ['early']);
    assert.ok(!JSON.stringify(tasks.list()).includes('sig='));
  });

  it('uploads the journal, by the same rules', async () => {
    await connect();
    const entry = (message: object | string): string =>
      JSON.stringify({ MESSAGE: typeof message === 'string' ? message : JSON.stringify(message) });
    const entries = [
      entry('Started dps-agent.'),
      entry({ level: 30, msg: secret }),
      entry({ level: 50, msg: 'bad' }),
    ];
    await journalctl(`echo "$@" >&2; cat <<'END'\n${entries.join('\n')}\nEND`);
    const request = { source: 'journal', level: 'error', since: '2026-11-22T08:30:00Z' };
    const { result } = await ended(await call(uploadLogs(jobs, clock), request));
    assert.deepEqual(linesOf(result?.['blobName']), [entries[0], entries[2]]);
  });

  it('says why the journal cannot be read', async () => {
    await connect();
    await journalctl('echo "No journal files were opened due to insufficient permissions." >&2; exit 1');
    const { error } = await ended(await call(uploadLogs(jobs, clock), { source: 'journal' }));
    assert.equal(error?.code, 'JOURNAL-UNREADABLE');
    assert.match(error.message, /insufficient permissions/);
    assert.match(error.remedy ?? '', /systemd-journal/);
  });

  it('says so when there is no way yet', async () => {
    const { error } = await ended(await call(uploadLogs(jobs, clock), {}));
    assert.equal(error?.code, 'UPLOAD-OFFLINE');
  });

  it('takes no two ways at once, no other scheme, and no odd name', async () => {
    const sasUrl = simulator.blobUrl('a');
    const bad = [
      { sasUrl, blobName: 'a' },
      { sasUrl: sasUrl.replace('https', 'http') },
      { blobName: '/a' },
      { blobName: '' },
      { source: 'syslog' },
      { since: 'yesterday' },
    ];
    for (const payload of bad) {
      const answer = await call(uploadLogs(jobs, clock), payload);
      assert.equal(answer.status, 400, JSON.stringify(payload));
      assert.ok(!JSON.stringify(answer).includes('sig='));
    }
    assert.deepEqual(tasks.list(), []);
  });
});

describe('uploadSupportBundle', () => {
  it('uploads a bundle, and tells how that went', async () => {
    await connect();
    const { result } = await ended(await call(uploadSupportBundle(jobs), undefined));
    assert.match(String(result?.['blobName']), /^gw-1\/support\/\d{8}T\d{6}Z\.tar\.gz$/);
    assert.ok((simulator.blobs.get(String(result?.['blobName']))?.content.length ?? 0) > 100);
    assert.equal(
      (tasks.tasksReport()['uploadSupportBundle'] as { value: TaskRecord }).value.state,
      'succeeded',
    );
  });

  it('fails with the code of what was in the way', async () => {
    await connect();
    const sasUrl = simulator.blobUrl('a', -60);
    const { state, error } = await ended(await call(uploadSupportBundle(jobs), { sasUrl }));
    assert.deepEqual([state, error?.code], ['failed', 'UPLOAD-STORAGE-REFUSED']);
  });
});

describe('getTaskStatus', () => {
  it('knows nothing of other tasks, and lists those there are', async () => {
    await connect();
    await ended(await call(uploadLogs(jobs, clock), {}));
    const unknown = await call(getTaskStatus(tasks), { correlationId: 'x' });
    assert.equal(unknown.status, 404);
    const { payload } = await call(getTaskStatus(tasks), {});
    const [task] = (payload as { tasks: TaskRecord[] }).tasks;
    assert.deepEqual([task?.command, task?.state], ['uploadLogs', 'succeeded']);
  });
});
