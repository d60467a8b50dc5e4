import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { KeyPath } from '../../../src/config/positions.ts';
import { formatPath } from '../../../src/config/problems.ts';
import { configSchema } from '../../../src/config/schema.ts';
import { checkSpelling, pathsOf } from '../../../src/config/spelling.ts';

const paths = pathsOf(configSchema);

describe('misspelt keys', () => {
  it('are looked for under every key the program has', () => {
    const shown = paths.map(formatPath);
    for (const known of [
      'provisioning.attestation.symmetric_key',
      'telemetry.inputs[0].interval',
      'log.level',
    ]) {
      assert.ok(shown.includes(known), known);
    }
    assert.ok(shown.length >= 35);
  });

  for (const path of paths) {
    it(`${formatPath(path)} misspelt by one letter is suggested`, () => {
      const key = String(path.at(-1));
      for (const wrong of oneLetterOff(key)) {
        const { unknown } = checkSpelling(configSchema, documentWith([...path.slice(0, -1), wrong]));
        assert.deepEqual(
          unknown.map(({ message }) => message),
          [`unknown key; did you mean "${key}"?`],
          wrong,
        );
      }
    });
  }

  it('are put right for the checks that follow, and their own path can be found again', () => {
    const spelling = checkSpelling(configSchema, { conection: { retri: { initial: '1s' } } });
    assert.deepEqual(spelling.document, { connection: { retry: { initial: '1s' } } });
    assert.deepEqual(spelling.original(['connection', 'retry', 'initial']), [
      'conection',
      'retri',
      'initial',
    ]);
    assert.ok(spelling.isMisspelt(['connection', 'retry']));
    assert.ok(!spelling.isMisspelt(['connection', 'retry', 'initial']));
  });

  it('never replace the right key, nor each other', () => {
    const right = checkSpelling(configSchema, { log: { level: 'info', levle: 'debug' } });
    assert.deepEqual(right.document, { log: { level: 'info' } });
    const twice = checkSpelling(configSchema, { log: { lvel: 'info', levle: 'debug' } });
    assert.deepEqual(twice.document, { log: { level: 'info' } });
    assert.equal(twice.unknown.length, 2);
  });

  it('leave the payload alone', () => {
    const document = { provisioning: { payload: { scope_idd: 1, constructor: 2 } } };
    assert.deepEqual(checkSpelling(configSchema, document).unknown, []);
  });
});

describe('config.example.yaml', () => {
  it('names every key', () => {
    const example = readFileSync(new URL('../../../config/config.example.yaml', import.meta.url), 'utf8');
    for (const path of paths)
      assert.match(example, new RegExp(`^[ #-]*${String(path.at(-1))}:`, 'm'), formatPath(path));
  });
});

function oneLetterOff(key: string): string[] {
  const at = (index: number): [string, string] => [key.slice(0, index), key.slice(index)];
  const wrong = Array.from(key).flatMap((_, index) => {
    const [before, after] = at(index);
    const swapped = before + after.charAt(1) + after.charAt(0) + after.slice(2);
    return [before + after.slice(1), `${before}q${after.slice(1)}`, `${before}q${after}`, swapped];
  });
  return wrong.filter((word) => word !== key && word !== '');
}

function documentWith(path: KeyPath): unknown {
  return path.reduceRight<unknown>((value, key) => (key === 0 ? [value] : { [key]: value }), 'x');
}
