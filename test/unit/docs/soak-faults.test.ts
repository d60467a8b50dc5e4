import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { load } from 'js-yaml';
import * as v from 'valibot';
import { soakFaultsDocument, soakFaultsDocumentPath } from '../../../scripts/soak-faults-document.ts';
import { faultKinds } from '../../../src/soak/faults/kinds.ts';
import { plannedFault } from '../../../src/soak/scenario/fault-schema.ts';

const page = await readFile(soakFaultsDocumentPath, 'utf8');

/** As it is whatever the formatter makes of its tables. */
const plain = (text: string): string =>
  text.replaceAll(/ +/g, ' ').replaceAll(/-{3,}/g, '---').replaceAll(/\n\n+/g, '\n');

describe('docs/soak-faults.md', () => {
  it('has the table of the source: npm run docs', () => {
    assert.equal(plain(page), plain(soakFaultsDocument(page)));
  });

  it('shows faults that a scenario may have', () => {
    const [, yaml = ''] = /```yaml\n([^]*?)```/.exec(page) ?? [];
    const { faults } = load(yaml) as { faults: unknown[] };
    assert.ok(faults.length > 2);
    for (const fault of faults) v.parse(plannedFault(faultKinds), fault);
  });
});
