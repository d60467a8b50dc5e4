import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { init } from '../../../src/cli/init.ts';
import { interview } from '../../../src/init/interview.ts';
import { SystemClock } from '../../../src/lib/clock.ts';
import { FakeTerminal } from '../../fakes/fake-terminal.ts';

const page = readFileSync(new URL('../../../docs/getting-started.md', import.meta.url), 'utf8');

describe('docs/getting-started.md', () => {
  it('names only options that init has', () => {
    const named = [...page.matchAll(/(?<![\w-])--([a-z][a-z-]+)/g)].map(([, name = '']) => name);
    assert.ok(named.length > 10);
    for (const name of named) assert.ok(name in init.options || name === 'now', name);
  });

  it('shows the questions as they are asked', async () => {
    const key = Buffer.alloc(32).toString('base64');
    const terminal = new FakeTerminal('', '0ne0012ABCD', '', key, '');
    await interview({}, { terminal, suggestedId: 'raspberrypi-1f0c7a52', clock: new SystemClock() });
    const shown = terminal.seen.map((line) => line.trimEnd()).join('\n');
    assert.ok(page.includes(shown), shown);
  });
});
