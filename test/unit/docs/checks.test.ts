import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { format, resolveConfig } from 'prettier';
import { checksDocument, checksDocumentPath } from '../../../scripts/checks-document.ts';
import { defaultDeadlineMs } from '../../../src/checks/check.ts';
import { wholeDeadlineMs } from '../../../src/checks/run-checks.ts';
import { allChecks } from '../../../src/checks/table.ts';
import { check } from '../../../src/cli/check.ts';
import { Document } from '../../support/document.ts';

const page = new Document('checks.md');

describe('docs/checks.md', () => {
  it('has the checks as the source has them', async () => {
    const options = await resolveConfig(checksDocumentPath);
    const expected = await format(checksDocument(page.text), { ...options, parser: 'markdown' });
    assert.equal(page.text, expected, 'npm run docs');
  });

  it('names options that there are', () => {
    const [table = ''] = page.text.split('\n## ');
    const named = [...table.matchAll(/^\| `--([a-z-]+)/gm)].map(([, name]) => name);
    const others = Object.keys(check.options).filter((name) => name !== 'config' && name !== 'list');
    assert.deepEqual(named.toSorted(), others.toSorted());
  });

  it('has the deadlines', () => {
    const seconds = (ms: number): string => String(ms / 1000);
    const own = allChecks.flatMap(({ id, deadlineMs }) =>
      deadlineMs === undefined || id === 'hub-tls' ? [] : [`\`${id}\` ${seconds(deadlineMs)}`],
    );
    for (const text of [
      ...own,
      `${seconds(defaultDeadlineMs)} seconds`,
      `together ${seconds(wholeDeadlineMs)}`,
    ])
      assert.ok(page.text.replaceAll('\n', ' ').includes(text), text);
  });
});
