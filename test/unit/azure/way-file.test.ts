import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { WayFile } from '../../../src/azure/way-file.ts';
import { Scratch } from '../../support/scratch.ts';
import { WatchedLog } from '../../support/watched-log.ts';

describe('the file of ways', () => {
  let scratch: Scratch;
  let path: string;
  let log: WatchedLog;

  beforeEach(async () => {
    scratch = new Scratch();
    path = join(await scratch.folder(), 'way.json');
    log = new WatchedLog();
  });

  afterEach(() => scratch.clean());

  const file = (): WayFile => new WayFile(path, log.log);

  it('gives back what was saved, and nothing where nothing was', async () => {
    assert.deepEqual(await file().load(), {});
    await file().save({ 'hub.example': '2026-01-01T00:00:00.000Z' });
    assert.deepEqual(await file().load(), { 'hub.example': '2026-01-01T00:00:00.000Z' });
    assert.equal(log.lines.length, 0);
  });

  for (const damage of ['', '{', '[]', '{"version":2,"webSocketsOnly":{}}', '{"version":1}']) {
    it(`does without a damaged one: '${damage}'`, async () => {
      await writeFile(path, damage);
      assert.deepEqual(await file().load(), {});
      assert.match(log.lines[0]?.msg ?? '', /^cannot read which way to the cloud works/);
    });
  }

  it('does without one that cannot be written', async () => {
    await mkdir(path);
    await file().save({});
    assert.match(log.lines[0]?.msg ?? '', /^cannot write which way to the cloud works/);
  });
});
