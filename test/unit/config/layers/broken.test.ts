import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { loadConfig } from '../../../../src/config/load.ts';
import { ConfigProblems, formatProblem } from '../../../../src/config/problems.ts';

const broken = join(import.meta.dirname, '../../../fixtures/layers/broken');
/** Every key in the fixtures is this one, whole or cut off. */
const secret = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=';

describe('a configuration of several layers that is broken', () => {
  for (const name of readdirSync(broken)) {
    it(`by ${name.replaceAll('-', ' ')} says exactly what is wrong, and shows no key`, async () => {
      const folder = join(broken, name);
      const error = await problemsOf(folder);
      const warnings = error.warnings.map((warning) => `warning: ${formatProblem(warning)}\n`).join('');
      const said = `${error.message}\n${warnings}`.replaceAll(`${folder}/`, '');
      assert.equal(said, readFileSync(join(folder, 'expected.txt'), 'utf8'));
      const printed = [inspect(error, { depth: 9 }), JSON.stringify(error), error.stack].join('\n');
      for (let start = 0; start + 6 <= secret.length; start += 1)
        assert.ok(!printed.includes(secret.slice(start, start + 6)), printed);
    });
  }
});

async function problemsOf(folder: string): Promise<ConfigProblems> {
  try {
    await loadConfig(join(folder, 'config.yaml'), { environment: environmentOf(folder), isOptional: true });
  } catch (error) {
    assert.ok(error instanceof ConfigProblems);
    return error;
  }
  assert.fail(`${folder} was accepted`);
}

function environmentOf(folder: string): Record<string, string> {
  const path = join(folder, 'environment');
  const lines = existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n') : [];
  return Object.fromEntries(lines.map((line) => [line.split('=')[0] ?? '', line.replace(/^[^=]*=/, '')]));
}
