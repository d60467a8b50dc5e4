import assert from 'node:assert/strict';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Evidence } from '../../../src/soak/evidence.ts';
import { judgeCommand } from '../../../src/soak/judge-command.ts';
import { evidence, ledgerEntry } from '../../fakes/evidence.ts';
import { temporaryDirectory } from '../../fakes/temporary-directory.ts';

const smoke = join(import.meta.dirname, '../../../config/soak/smoke.yaml');
const library = { script: '', style: '', license: '' };

describe('a run that is judged again', () => {
  it('has its result and its report by the judge of today', async (t) => {
    const directory = await temporaryDirectory(t);
    await leave(directory, evidence({ ledger: { one: ledgerEntry({ missing: 1, firstMissing: [7] }) } }));
    await writeFile(join(directory, 'result.json'), '{"ok":true}');
    const said: string[] = [];
    const ok = await judgeCommand(directory, { library, say: (text) => said.push(text) });
    assert.equal(ok, false);
    assert.match(said.join(''), /^BROKEN .*delivered.*: 1 of at most 0 messages/m);
    const result = JSON.parse(await readFile(join(directory, 'result.json'), 'utf8')) as { ok: boolean };
    assert.equal(result.ok, false);
    assert.match(await readFile(join(directory, 'report.html'), 'utf8'), /numbers 7/);
  });

  it('must have left its evidence', async (t) => {
    const directory = await temporaryDirectory(t);
    await copyFile(smoke, join(directory, 'scenario.yaml'));
    await assert.rejects(judgeCommand(directory, { library, say: () => undefined }), {
      name: 'ConfigError',
      message: `cannot judge ${directory}: evidence.json of a run that is over is not there`,
    });
  });
});

async function leave(directory: string, all: Evidence): Promise<void> {
  await copyFile(smoke, join(directory, 'scenario.yaml'));
  await writeFile(join(directory, 'evidence.json'), JSON.stringify(all));
}
