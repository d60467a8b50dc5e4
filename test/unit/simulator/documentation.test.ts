import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { blobRoutes } from '../../../src/simulator/blob-routes.ts';
import { parseFault } from '../../../src/simulator/faults.ts';
import { serviceRoutes } from '../../../src/simulator/service-routes.ts';
import { simulatorRoutes } from '../../../src/simulator/simulator-routes.ts';

const text = await readFile(join(import.meta.dirname, '../../../docs/simulator.md'), 'utf8');

describe('docs/simulator.md', () => {
  it('shows every kind of fault, each in a command that is accepted', () => {
    const inTable = [...text.matchAll(/^\| `([a-z-]+)` +\|/gm)].map(([, kind]) => kind);
    const commands = [...text.matchAll(/^curl \$f -d '(.*)'$/gm)].map(([, json]) =>
      parseFault(JSON.parse(json ?? '')),
    );
    assert.deepEqual(new Set(commands.map(({ kind }) => kind)), new Set(inTable));
    let known: string[] = [];
    try {
      parseFault({ kind: 'none' });
    } catch (error) {
      known = [...String(error).matchAll(/"([a-z-]+)"/g)]
        .map(([, kind]) => kind ?? '')
        .filter((kind) => kind !== 'none');
    }
    assert.ok(known.length > 0);
    assert.deepEqual(new Set(inTable), new Set(known));
  });

  it('names every path of the control API', () => {
    const table = text.slice(text.indexOf('## Control API'), text.indexOf('## Faults'));
    for (const { path } of [...serviceRoutes, ...simulatorRoutes, ...blobRoutes]) {
      const written = new RegExp(`\`${path.replace(/:\w+/g, '\\{\\w+\\}')}\``);
      const shortened = `…/${path.slice(path.lastIndexOf('/') + 1)}\``;
      assert.ok(written.test(table) || table.includes(shortened), path);
    }
  });
});
