import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { format, resolveConfig } from 'prettier';
import { parseConfig } from '../../../src/config/parse.ts';
import { errorsDocument, errorsDocumentPath } from '../../../scripts/errors-document.ts';

const root = join(import.meta.dirname, '..', '..', '..');

describe('the documents', () => {
  it('list every error code as the source has it', async () => {
    const options = await resolveConfig(errorsDocumentPath);
    const expected = await format(errorsDocument(), { ...options, parser: 'markdown' });
    assert.equal(await readFile(errorsDocumentPath, 'utf8'), expected, 'npm run docs');
  });

  it('link only to files that are there', async () => {
    const pages = [
      ...(await markdownIn('.')),
      ...(await markdownIn('docs')),
      'src/README.md',
      'test/README.md',
    ];
    for (const page of pages) {
      const text = await readFile(join(root, page), 'utf8');
      for (const [, target] of text.matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g)) {
        assert.ok(existsSync(join(root, dirname(page), target ?? '')), `${page} links to ${String(target)}`);
      }
    }
  });

  it('show in the README an example that the agent takes', async () => {
    const text = await readFile(join(root, 'README.md'), 'utf8');
    const examples = [...text.matchAll(/^```yaml\n([^]*?)^```$/gm)].map(([, example = '']) => example);
    assert.ok(examples.length > 0);
    const attestation = '{method: symmetric_key, registration_id: x, symmetric_key: "env:KEY"}';
    for (const example of examples) {
      const provisioning = `provisioning: {source: dps, scope_id: x, attestation: ${attestation}}`;
      assert.deepEqual(parseConfig(`${provisioning}\n${example}`, 'README.md').warnings, []);
    }
  });

  it('name only commands that package.json has', async () => {
    const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { scripts: object };
    for (const page of ['README.md', 'test/README.md', 'docs/queue.md', 'docs/measurements.md', '.ci/run']) {
      const text = await readFile(join(root, page), 'utf8');
      for (const [, name] of text.matchAll(/npm run (?:--silent )?([a-z0-9:]+)/g)) {
        assert.ok(Object.hasOwn(scripts, name ?? ''), `${page} names npm run ${String(name)}`);
      }
    }
  });

  it('map every folder and file at the top of src', async () => {
    const map = await readFile(join(root, 'src/README.md'), 'utf8');
    for (const entry of await readdir(join(root, 'src'), { withFileTypes: true })) {
      if (entry.name === 'README.md') continue;
      const line = entry.isDirectory() ? `${entry.name}/` : entry.name;
      assert.ok(
        map.split('\n').some((text) => text.startsWith(line)),
        `src/README.md has no line for ${line}`,
      );
    }
  });
});

async function markdownIn(folder: string): Promise<string[]> {
  const names = await readdir(join(root, folder));
  return names.filter((name) => name.endsWith('.md')).map((name) => join(folder, name));
}
