import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { createLog, createLogging } from '../../../src/cli/create-log.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';

async function written(isTerminal: boolean, level: 'debug' | 'warn' = 'debug'): Promise<string[]> {
  const lines: string[] = [];
  const log = await createLog(level, { isTerminal, write: (line) => lines.push(line) });
  log.info({ state: 'connected', hub: 'hub.example' }, 'connected to hub.example');
  log.warn('something');
  return lines;
}

describe('createLog', () => {
  it('writes a JSON object a line for machines', async () => {
    const [first, second] = (await written(false)).map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.deepEqual([first?.['state'], first?.['msg']], ['connected', 'connected to hub.example']);
    assert.ok(!Number.isNaN(Date.parse(String(first?.['time']))));
    assert.equal(second?.['msg'], 'something');
  });

  it('writes one readable line each on a terminal, without the fields that the sentence repeats', async () => {
    const [first] = (await written(true)).map(stripVTControlCharacters);
    assert.match(first ?? '', /^\[\d\d:\d\d:\d\d\] INFO: connected to hub\.example\n$/);
  });

  it('leaves out what is below its level', async () => {
    assert.equal((await written(false, 'warn')).length, 1);
  });
});

describe('createLogging', () => {
  for (const isTerminal of [false, true]) {
    it(`keeps what was logged, as JSON, ${isTerminal ? 'on a terminal' : 'for machines'}`, async () => {
      const lines: string[] = [];
      const output = { isTerminal, write: (line: string) => lines.push(line) };
      const rules = { level: 'info', areas: { twin: 'warn' }, ringBytes: 65_536 } as const;
      const { log, levels, ring } = await createLogging(rules, output, new FakeClock());
      log.debug('not yet');
      log.child({ area: 'twin' }).info('not at all');
      levels.setFor('debug', undefined, 1000);
      log.child({ area: 'twin' }).debug({ version: 7 }, 'now');
      assert.equal(lines.length, 1);
      assert.equal(ring.lines().length, 1);
      const { level, area, version, msg } = JSON.parse(ring.lines()[0] ?? '') as Record<string, unknown>;
      assert.deepEqual({ level, area, version, msg }, { level: 20, area: 'twin', version: 7, msg: 'now' });
    });
  }
});
