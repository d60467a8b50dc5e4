import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { RegistrationRecord } from '../../../src/provisioning/registration-record.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';
import { RecordingLog } from '../../fakes/recording-log.ts';
import { temporaryDirectory } from '../../fakes/temporary-directory.ts';

describe('RegistrationRecord', () => {
  it('tells a later run how long ago the last three were', async (t) => {
    const { record, later, clock } = await prepare(t);
    for (let count = 0; count < 4; count += 1) {
      await record.add();
      await clock.advance(1000);
    }
    assert.deepEqual(await later().load(), [3000, 2000, 1000]);
  });

  it('forgets one that has not reached DPS, and knows those before it again', async (t) => {
    const { record, later, clock } = await prepare(t);
    for (let count = 0; count < 3; count += 1) await record.add();
    await clock.advance(1000);
    for (let pulled = 0; pulled < 2; pulled += 1) {
      await record.add();
      await record.takeBack();
    }
    assert.deepEqual(await later().load(), [1000, 1000, 1000]);
  });

  it('takes a time to come for now, and a damaged file for an empty one', async (t) => {
    const { record, later, clock, path } = await prepare(t);
    await record.add();
    clock.stepWallClock(-86_400_000);
    assert.deepEqual(await later().load(), [0]);
    await writeFile(path, (await readFile(path, 'utf8')).slice(0, 20));
    assert.deepEqual(await later().load(), []);
  });
});

interface Prepared {
  readonly record: RegistrationRecord;
  readonly later: () => RegistrationRecord;
  readonly clock: FakeClock;
  readonly path: string;
}

async function prepare(test: TestContext): Promise<Prepared> {
  const path = join(await temporaryDirectory(test), 'registrations.json');
  const clock = new FakeClock();
  const later = (): RegistrationRecord => new RegistrationRecord(path, clock, new RecordingLog());
  return { record: later(), later, clock, path };
}
