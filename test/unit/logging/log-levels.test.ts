import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { logLevels } from '../../../src/log-areas.ts';
import type { LogArea } from '../../../src/log-areas.ts';
import { LogLevels } from '../../../src/logging/log-levels.ts';
import type { LevelRules, SteeredRules } from '../../../src/logging/log-levels.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';

interface Steered {
  readonly levels: LogLevels;
  readonly clock: FakeClock;
  /** What configuration and twin together say from now on. */
  readonly says: (rules: SteeredRules) => void;
  /** What the configuration alone says from now on. */
  readonly reconfigure: (rules: LevelRules) => void;
}

function levelsOf(rules: Partial<LevelRules> = {}): Steered {
  const clock = new FakeClock();
  let configured: LevelRules = { level: 'info', areas: {}, ...rules };
  let said: SteeredRules = configured;
  const levels = new LogLevels(configured, clock);
  levels.follow(
    () => said,
    () => configured,
  );
  const says = (next: SteeredRules): void => {
    said = next;
    levels.isOn('error', undefined);
  };
  const reconfigure = (next: LevelRules): void => {
    configured = next;
  };
  return { levels, clock, says, reconfigure };
}

/** The least grave that is logged: the level in force. */
function levelOf(levels: LogLevels, area?: LogArea): string | undefined {
  return logLevels.find((level) => levels.isOn(level, area));
}

describe('LogLevels', () => {
  it('lets through what is as grave as the level, and graver', () => {
    const { levels } = levelsOf({ level: 'warn' });
    assert.deepEqual(
      logLevels.map((level) => levels.isOn(level, undefined)),
      [false, false, true, true],
    );
  });

  it('knows areas of their own level, louder or quieter', () => {
    const { levels } = levelsOf({ areas: { connection: 'debug', local_api: 'error' } });
    assert.deepEqual(
      [levelOf(levels), levelOf(levels, 'connection'), levelOf(levels, 'local_api'), levelOf(levels, 'twin')],
      ['info', 'debug', 'error', 'info'],
    );
  });

  it('follows the twin, and the configuration again when the twin is silent', () => {
    const configured = { level: 'info', areas: { twin: 'warn' } } as const;
    const { levels, says } = levelsOf(configured);
    says({ level: 'debug', areas: { twin: 'error' } });
    assert.deepEqual([levelOf(levels), levelOf(levels, 'twin')], ['debug', 'error']);
    says(configured);
    assert.deepEqual([levelOf(levels), levelOf(levels, 'twin')], ['info', 'warn']);
  });

  it('goes back to the configuration by itself when the twin has given a time', async () => {
    const { levels, clock, says } = levelsOf();
    says({ level: 'debug', areas: {}, forMs: 60_000 });
    await clock.advance(59_999);
    assert.equal(levelOf(levels), 'debug');
    await clock.advance(1);
    assert.equal(levelOf(levels), 'info');
  });

  it('goes back to the configuration as it is by then, and follows that', async () => {
    const { levels, clock, says, reconfigure } = levelsOf();
    says({ level: 'debug', areas: {}, forMs: 60_000 });
    reconfigure({ level: 'error', areas: {} });
    assert.equal(levelOf(levels), 'debug');
    await clock.advance(60_000);
    assert.equal(levelOf(levels), 'error');
    reconfigure({ level: 'warn', areas: { twin: 'info' } });
    assert.deepEqual([levelOf(levels), levelOf(levels, 'twin')], ['warn', 'info']);
  });

  it('does not begin the time anew when the twin says the same again', async () => {
    const { levels, clock, says } = levelsOf();
    says({ level: 'debug', areas: { twin: 'warn' }, forMs: 60_000 });
    await clock.advance(30_000);
    says({ level: 'debug', areas: { twin: 'warn' }, forMs: 60_000 });
    await clock.advance(30_000);
    assert.equal(levelOf(levels), 'info');
    says({ level: 'debug', areas: { twin: 'warn' }, forMs: 60_000 });
    assert.equal(levelOf(levels), 'info');
    says({ level: 'debug', areas: { twin: 'debug' }, forMs: 60_000 });
    assert.equal(levelOf(levels), 'debug');
  });

  it('does not begin the time anew when it is the configuration that has changed', async () => {
    const { levels, clock, says, reconfigure } = levelsOf();
    says({ level: 'debug', areas: {}, forMs: 60_000 });
    await clock.advance(59_000);
    const configured = { level: 'warn', areas: { twin: 'error' } } as const;
    reconfigure(configured);
    says({ level: 'debug', areas: configured.areas, forMs: 60_000 });
    assert.deepEqual([levelOf(levels), levelOf(levels, 'twin')], ['debug', 'error']);
    await clock.advance(1000);
    assert.equal(levelOf(levels), 'warn');
    reconfigure({ level: 'warn', areas: {} });
    says({ level: 'debug', areas: {}, forMs: 60_000 });
    assert.equal(levelOf(levels), 'warn');
  });

  it('is unmoved by steps of the wall clock', async () => {
    const { levels, clock } = levelsOf();
    levels.setFor('debug', undefined, 1000);
    clock.stepWallClock(86_400_000);
    assert.equal(levelOf(levels), 'debug');
    await clock.advance(1000);
    assert.equal(levelOf(levels), 'info');
  });

  it('puts what is set for a time over everything else, until the time is over', async () => {
    const { levels, clock, says } = levelsOf({ areas: { twin: 'error' } });
    levels.setFor('warn', undefined, 10_000);
    levels.setFor('debug', 'connection', 20_000);
    says({ level: 'info', areas: { connection: 'error' } });
    assert.deepEqual(levels.inForce, { level: 'warn', areas: { connection: 'debug' } });
    assert.equal(levelOf(levels, 'twin'), 'warn');
    await clock.advance(10_000);
    assert.deepEqual(levels.inForce, { level: 'info', areas: { connection: 'debug' } });
    await clock.advance(10_000);
    assert.deepEqual(levels.inForce, { level: 'info', areas: { connection: 'error' } });
  });

  it('ends what was set for a time when it is told to', () => {
    const { levels } = levelsOf();
    levels.setFor('debug', 'twin', 60_000);
    levels.setFor('debug', 'clock', 60_000);
    levels.clear('twin');
    assert.deepEqual(levels.inForce, { level: 'info', areas: { clock: 'debug' } });
    levels.clear(undefined);
    assert.deepEqual(levels.inForce, { level: 'info', areas: {} });
  });
});
