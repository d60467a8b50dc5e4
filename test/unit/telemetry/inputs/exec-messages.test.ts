import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import { ErrorOutput } from '../../../../src/telemetry/inputs/exec/error-output.ts';
import { RepeatedWarning } from '../../../../src/telemetry/inputs/repeated-warning.ts';
import { FakeClock } from '../../../fakes/fake-clock.ts';
import { RecordingLog } from '../../../fakes/recording-log.ts';

describe('a warning that may repeat', () => {
  it('is said at once, then at most every hour, and never loses count', async () => {
    const [clock, log] = [new FakeClock(), new RecordingLog()];
    const warning = new RepeatedWarning(clock, log);
    for (const message of ['one', 'two', 'three']) warning.warn(message);
    assert.deepEqual(log.messages('warn'), ['one']);
    await clock.advance(3_600_000);
    warning.warn('four');
    assert.deepEqual(log.messages('warn'), ['one', 'four', 'the same, 2 times more']);
    warning.warn('five');
    warning.sayRest();
    warning.sayRest();
    assert.deepEqual(log.messages('warn').slice(3), ['the same, 1 times more']);
    assert.equal(warning.count, 5);
  });
});

describe('standard error', () => {
  async function read(...chunks: string[]): Promise<{ output: ErrorOutput; lines: string[] }> {
    const log = new RecordingLog();
    const output = new ErrorOutput(new FakeClock(), log);
    await output.read(Readable.from(chunks.map((chunk) => Buffer.from(chunk))));
    return { output, lines: log.messages('debug') };
  }

  it('is logged line by line, the first and the last kept', async () => {
    const { output, lines } = await read('no b', 'us\n\n giving', ' up \nbye');
    assert.deepEqual(lines, ['no bus', 'giving up', 'bye']);
    assert.deepEqual([output.first, output.last], ['no bus', 'bye']);
  });

  it('is logged within bounds: 200 characters a line, 100 lines a minute, the rest counted', async () => {
    const { output, lines } = await read('x'.repeat(300), '\n', `${'y'.repeat(9000)}\n`, 'z\n'.repeat(1000));
    assert.deepEqual(lines.slice(0, 3), [`${'x'.repeat(200)}…`, '(a line of 9000 bytes)', 'z']);
    assert.equal(lines.length, 101);
    assert.equal(lines.at(-1), '902 more lines of standard error, not logged');
    assert.equal(output.last, 'z');
  });
});
