import assert from 'node:assert/strict';
import { mkdir, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { AssignmentCache } from '../../../src/provisioning/assignment-cache.ts';
import type { Assignment } from '../../../src/provisioning/dps-client.ts';
import { RecordingLog } from '../../fakes/recording-log.ts';
import { temporaryDirectory } from '../../fakes/temporary-directory.ts';

const assignment: Assignment = {
  assignedHub: 'hub.example',
  deviceId: 'gateway-01',
  substatus: 'initialAssignment',
  assignedAt: '2026-01-01T00:00:00.000Z',
  payload: { site: 'Zürich' },
};
const fingerprint = 'f'.repeat(64);

describe('AssignmentCache', () => {
  let log: RecordingLog;

  beforeEach(() => {
    log = new RecordingLog();
  });

  async function prepare(
    test: TestContext,
  ): Promise<{ directory: string; path: string; cache: AssignmentCache }> {
    const directory = await temporaryDirectory(test);
    const path = join(directory, 'assignment.json');
    return { directory, path, cache: new AssignmentCache(path, log) };
  }

  it('gives back what was saved for the same question, without a word', async (t) => {
    const { cache, path } = await prepare(t);
    await cache.save(fingerprint, assignment);
    assert.deepEqual(await new AssignmentCache(path, log).load(fingerprint), assignment);
    assert.deepEqual(log.lines, []);
  });

  it('has nothing at first, without a word', async (t) => {
    const { cache } = await prepare(t);
    assert.equal(await cache.load(fingerprint), undefined);
    assert.deepEqual(log.lines, []);
  });

  it('has nothing for another question, says so, and keeps the file', async (t) => {
    const { cache, directory } = await prepare(t);
    await cache.save(fingerprint, assignment);
    assert.equal(await cache.load('0'.repeat(64)), undefined);
    assert.match(String(log.messages('info')), /for another configuration/);
    assert.deepEqual(await readdir(directory), ['assignment.json']);
    assert.deepEqual(await cache.load(fingerprint), assignment);
  });

  it('keeps the last of several', async (t) => {
    const { cache } = await prepare(t);
    await cache.save(fingerprint, assignment);
    const moved = { ...assignment, assignedHub: 'other.example' };
    await cache.save(fingerprint, moved);
    assert.deepEqual(await cache.load(fingerprint), moved);
  });

  it('keeps the one in use and the one before', async (t) => {
    const { cache, path } = await prepare(t);
    const [first, second, third] = ['1', '2', '3'].map((digit) => digit.repeat(64)) as [
      string,
      string,
      string,
    ];
    const hubOf = async (asked: string): Promise<string | undefined> =>
      (await new AssignmentCache(path, log).load(asked))?.assignedHub;
    await cache.save(first, { ...assignment, assignedHub: 'one' });
    await cache.save(second, { ...assignment, assignedHub: 'two' });
    assert.deepEqual([await hubOf(first), await hubOf(second)], ['one', 'two']);
    await cache.save(first, { ...assignment, assignedHub: 'one' });
    await cache.save(third, { ...assignment, assignedHub: 'three' });
    assert.deepEqual(
      [await hubOf(first), await hubOf(second), await hubOf(third)],
      ['one', undefined, 'three'],
    );
  });

  it('is read by earlier versions of the agent as the one in use, and reads theirs', async (t) => {
    const { cache, path } = await prepare(t);
    const earlier = { format: 1, fingerprint, assignment };
    await writeFile(path, JSON.stringify(earlier));
    assert.deepEqual(await cache.load(fingerprint), assignment);
    const moved = { ...assignment, assignedHub: 'other.example' };
    await cache.save('0'.repeat(64), moved);
    const { previous, ...inUse } = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
    assert.deepEqual(inUse, { format: 1, fingerprint: '0'.repeat(64), assignment: moved });
    assert.deepEqual(previous, { fingerprint, assignment });
  });

  it('goes by the one in use where the one before is damaged', async (t) => {
    const { cache, path } = await prepare(t);
    await writeFile(path, JSON.stringify({ format: 1, fingerprint, assignment, previous: { assignment } }));
    assert.deepEqual(await cache.load(fingerprint), assignment);
  });

  it('is written only when it changes', async (t) => {
    const { cache, path } = await prepare(t);
    await cache.save(fingerprint, assignment);
    await rm(path);
    await cache.save(fingerprint, { ...assignment });
    assert.equal(await new AssignmentCache(path, log).load(fingerprint), undefined);
  });

  it('is for the owner only', async (t) => {
    const { cache, path } = await prepare(t);
    await cache.save(fingerprint, assignment);
    assert.equal((await stat(path)).mode & 0o777, 0o600);
  });

  it('makes its directory', async (t) => {
    const directory = await temporaryDirectory(t);
    const cache = new AssignmentCache(join(directory, 'state', 'assignment.json'), log);
    await cache.save(fingerprint, assignment);
    assert.deepEqual(await cache.load(fingerprint), assignment);
  });

  const entry = { format: 1, fingerprint, assignment };
  for (const [what, text] of Object.entries({
    'an empty file, as a power cut may leave': '',
    'NUL bytes, as a power cut may leave': '\0'.repeat(300),
    'half a file': JSON.stringify(entry).slice(0, 80),
    'a list': '[]',
    'another format': JSON.stringify({ ...entry, format: 2 }),
    'no fingerprint': JSON.stringify({ format: 1, assignment }),
    'no assignment': JSON.stringify({ format: 1, fingerprint }),
    'an assignment without a hub': JSON.stringify({
      ...entry,
      assignment: { ...assignment, assignedHub: '' },
    }),
    'a device ID that is a number': JSON.stringify({ ...entry, assignment: { ...assignment, deviceId: 1 } }),
    'no time': JSON.stringify({ ...entry, assignment: { ...assignment, assignedAt: undefined } }),
  })) {
    it(`sets ${what} aside, and says where`, async (t) => {
      const { cache, directory, path } = await prepare(t);
      await writeFile(path, text);
      assert.equal(await cache.load(fingerprint), undefined);
      assert.deepEqual(await readdir(directory), ['assignment.json.damaged']);
      assert.equal(await readFile(`${path}.damaged`, 'utf8'), text);
      assert.match(String(log.messages('warn')), /was damaged and is now \S*assignment\.json\.damaged/);
    });
  }

  it('can be saved after a damaged one was set aside', async (t) => {
    const { cache, path } = await prepare(t);
    await writeFile(path, 'damaged');
    await cache.load(fingerprint);
    await cache.save(fingerprint, assignment);
    assert.deepEqual(await cache.load(fingerprint), assignment);
  });

  it('goes on without what it cannot read, and says why', async (t) => {
    const { cache, path } = await prepare(t);
    await mkdir(path);
    assert.equal(await cache.load(fingerprint), undefined);
    const [line] = log.lines;
    assert.equal(line?.level, 'warn');
    assert.match(line.message, /cannot read the cached assignment from \S*assignment\.json/);
    assert.match(String(line.fields['error']), /EISDIR/);
  });

  it('goes on without saving where it cannot, and says why', async (t) => {
    const { directory } = await prepare(t);
    await writeFile(join(directory, 'state'), 'not a directory');
    const cache = new AssignmentCache(join(directory, 'state', 'assignment.json'), log);
    await cache.save(fingerprint, assignment);
    const line = log.lines.at(-1);
    assert.equal(line?.level, 'warn');
    assert.match(line.message, /cannot save the assignment to \S*assignment\.json/);
    assert.match(String(line.fields['error']), /ENOTDIR|EEXIST/);
  });

  it('goes on when a damaged file cannot be set aside', async (t) => {
    const { cache, path } = await prepare(t);
    await writeFile(path, 'damaged');
    await mkdir(join(`${path}.damaged`, 'in the way'), { recursive: true });
    assert.equal(await cache.load(fingerprint), undefined);
    assert.match(String(log.messages('warn')), /cannot set the damaged \S*assignment\.json aside/);
  });
});
