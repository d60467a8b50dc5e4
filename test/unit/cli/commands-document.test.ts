import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { format, resolveConfig } from 'prettier';
import { commandsDocument, commandsDocumentPath } from '../../../scripts/commands-document.ts';
import { exitCodeMeanings } from '../../../src/cli/help.ts';
import { exitCodes } from '../../../src/cli/usage.ts';

describe('docs/commands.md', () => {
  it('says what the help says', async () => {
    const options = await resolveConfig(commandsDocumentPath);
    const expected = await format(commandsDocument(), { ...options, parser: 'markdown' });
    assert.equal(
      await readFile(commandsDocumentPath, 'utf8'),
      expected,
      'tsx scripts/commands-document.ts, then prettier',
    );
  });

  it('and the README have every exit status', async () => {
    const readme = await readFile(join(import.meta.dirname, '..', '..', '..', 'README.md'), 'utf8');
    const explained = exitCodeMeanings.map(([status]) => status);
    assert.deepEqual(explained, Object.values(exitCodes));
    for (const status of explained) assert.match(readme, new RegExp(`^\\| ${status} +\\|`, 'm'));
  });
});
