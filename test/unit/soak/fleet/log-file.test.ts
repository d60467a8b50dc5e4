import assert from 'node:assert/strict';
import { mkdir, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { LogFile } from '../../../../src/soak/fleet/log-file.ts';
import { RecordingLog } from '../../../fakes/recording-log.ts';
import { temporaryDirectory } from '../../../fakes/temporary-directory.ts';

describe('a log that is kept within a bound', () => {
  it('is in two files at the most, and what fell out is counted', async (t) => {
    const directory = await temporaryDirectory(t);
    const path = join(directory, 'a.log');
    let omitted = 0;
    const onOmitted = (lines: number): void => {
      omitted += lines;
    };
    const file = new LogFile({ path, maxBytes: 100, onOmitted, log: new RecordingLog() });
    for (let number = 1; number <= 100; number += 1) {
      file.push(`line number ${String(number).padStart(7, '0')}`);
      await file.flushed();
    }
    assert.deepEqual((await readdir(directory)).sort(), ['a.log', 'a.log.1']);
    const [before, now] = await Promise.all([readFile(`${path}.1`, 'utf8'), readFile(path, 'utf8')]);
    assert.match(now, /0000100\n$/);
    assert.ok(Math.max(before.length, now.length) <= 100, `${before.length} and ${now.length} bytes`);
    assert.equal(omitted + `${before}${now}`.trim().split('\n').length, 100);
  });

  it('that cannot be written is said once, as is its end, and all of it counted', async (t) => {
    const directory = await temporaryDirectory(t);
    const log = new RecordingLog();
    let omitted = 0;
    const onOmitted = (lines: number): void => {
      omitted += lines;
    };
    const file = new LogFile({ path: join(directory, 'none', 'a.log'), maxBytes: 100, onOmitted, log });
    for (const line of ['one', 'two', 'three']) {
      file.push(line);
      await file.flushed();
    }
    assert.equal(omitted, 3);
    await mkdir(join(directory, 'none'));
    file.push('four');
    await file.flushed();
    assert.deepEqual(
      log.messages('warn').map((message) => message.replace(/ \/.*?a\.log/, '').slice(0, 24)),
      ['cannot write the log: EN', 'the log is written again'],
    );
  });
});
