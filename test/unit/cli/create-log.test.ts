import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { createLog } from '../../../src/cli/create-log.ts';

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
