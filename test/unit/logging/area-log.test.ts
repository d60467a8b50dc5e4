import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AreaLog } from '../../../src/logging/area-log.ts';
import { LogLevels } from '../../../src/logging/log-levels.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';
import { RecordingLog } from '../../fakes/recording-log.ts';

function logAt(areas: ConstructorParameters<typeof LogLevels>[0]['areas'] = {}): {
  log: AreaLog;
  behind: RecordingLog;
  levels: LogLevels;
} {
  const behind = new RecordingLog();
  const levels = new LogLevels({ level: 'info', areas }, new FakeClock());
  return { log: new AreaLog(behind, levels), behind, levels };
}

describe('AreaLog', () => {
  it('hands on what is wanted as it is', () => {
    const { log, behind } = logAt();
    log.info('a');
    log.warn({ code: 'X' }, 'b');
    log.debug('c');
    assert.deepEqual(behind.lines, [
      { level: 'info', fields: {}, message: 'a' },
      { level: 'warn', fields: { code: 'X' }, message: 'b' },
    ]);
  });

  it('asks for the area of a child, and of what comes from it', () => {
    const { log, behind } = logAt({ twin: 'debug', clock: 'error' });
    const twin = log.child({ area: 'twin' });
    twin.debug('a');
    twin.child({ input: 'x' }).debug('b');
    log.child({ area: 'clock' }).warn('c');
    log.child({ area: 'weather' }).debug('d');
    log.debug('e');
    assert.deepEqual(
      behind.lines.map(({ fields, message }) => [message, fields]),
      [
        ['a', { area: 'twin' }],
        ['b', { area: 'twin', input: 'x' }],
      ],
    );
  });

  it('follows the levels while it runs, in children made before', () => {
    const { log, behind, levels } = logAt();
    const twin = log.child({ area: 'twin' });
    levels.setFor('debug', 'twin', 1000);
    twin.debug('a');
    log.debug('b');
    levels.clear(undefined);
    twin.debug('c');
    assert.deepEqual(behind.messages('debug'), ['a']);
  });
});
