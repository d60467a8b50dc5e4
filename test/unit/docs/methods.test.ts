import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { deviceMethods } from '../../../src/device-methods.ts';
import { logAreas } from '../../../src/log-areas.ts';
import { LogLevels } from '../../../src/logging/log-levels.ts';
import { LogRing } from '../../../src/logging/log-ring.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';
import { RecordingLog } from '../../fakes/recording-log.ts';

describe('docs/methods.md', () => {
  const path = join(import.meta.dirname, '..', '..', '..', 'docs', 'methods.md');

  it('has every method, with its component', async () => {
    const text = await readFile(path, 'utf8');
    for (const [component, name] of await namesThere()) {
      const cell = component === undefined ? ' +' : ` \`${component}\` +`;
      assert.match(text, new RegExp(`^\\| \`${name}(?: \\{[^}]*\\})?\` +\\|${cell}\\|`, 'm'), name);
    }
  });

  it('has every part of the program whose level can be set', async () => {
    const text = await readFile(path, 'utf8');
    for (const area of logAreas) assert.match(text, new RegExp(`\`${area}\``), area);
  });
});

/** As the table itself tells them: component, if any, and name. */
async function namesThere(): Promise<[string | undefined, string][]> {
  const clock = new FakeClock();
  const nothing = (): void => undefined;
  const table = deviceMethods(
    {
      live: { current: { methods: { deadlineMs: 1000, atOnce: 1, allow: [] } } } as never,
      status: () => ({}),
      reprovision: nothing,
      restart: nothing,
      levels: new LogLevels({ level: 'info', areas: {} }, clock),
      ring: new LogRing(65_536),
      telemetry: {
        readable: [],
        flush: () => Promise.resolve({ flushed: true, acknowledged: 0, waiting: 0 }),
      },
      others: [],
    },
    { clock, log: new RecordingLog() },
  );
  const never = new AbortController().signal;
  const { payload } = await table.invoke({ name: '?', requestId: '1', payload: undefined }, never);
  return (payload as { known: string[] }).known.map((full) => {
    const [name = '', component] = full.split('*').reverse();
    return [component, name];
  });
}
