import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { CloudError, failures } from '../../../src/cloud-error.ts';
import type { FailureCode } from '../../../src/cloud-error.ts';

const codes = Object.keys(failures) as FailureCode[];
const source = join(import.meta.dirname, '../../../src');

/** The agent's code without the table of failures itself. */
function agentCode(): string {
  return readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && name !== 'cloud-error.ts' && !name.startsWith('simulator'))
    .map((name) => readFileSync(join(source, name), 'utf8'))
    .join('\n');
}

describe('the table of failures', () => {
  it('has no code that nothing throws', () => {
    const code = agentCode();
    const isMade = (name: string): boolean =>
      code.includes(`'${name}'`) ||
      (/^(DPS|HUB)-CONNACK-[1-5]$/.test(name) && code.includes('`${service}-CONNACK-${returnCode}`'));
    assert.deepEqual(
      codes.filter((name) => !isMade(name)),
      [],
    );
  });

  for (const code of codes) {
    it(`says of ${code} what happened and what to do, in parts of a sentence`, () => {
      const { kind, meaning, remedy } = failures[code];
      assert.match(kind, /^(transient|rejected)$/);
      for (const text of [meaning, remedy]) {
        assert.match(text, /^(?=\S)(?!cannot ).{15,}(?<![\s.!])$/);
        assert.equal(text, text.trim());
      }
    });
  }
});

describe('CloudError', () => {
  it('says what was being done and what happened, and carries code, kind and remedy', () => {
    const error = new CloudError('NET-DNS', 'connect to hub.example:8883');
    assert.equal(error.message, 'cannot connect to hub.example:8883: the name cannot be resolved');
    assert.deepEqual(
      [error.name, error.code, error.kind, error.remedy],
      ['CloudError', 'NET-DNS', 'transient', failures['NET-DNS'].remedy],
    );
  });

  it('keeps its cause, and has none where there is none', () => {
    const cause = new Error('getaddrinfo ENOTFOUND');
    assert.equal(new CloudError('NET-DNS', 'connect', { cause }).cause, cause);
    assert.equal('cause' in new CloudError('NET-DNS', 'connect'), false);
  });

  it('carries the service’s wish when to be asked again', () => {
    assert.equal(new CloudError('DPS-429', 'register', { retryAfterMs: 7000 }).retryAfterMs, 7000);
    assert.equal(new CloudError('DPS-429', 'register').retryAfterMs, undefined);
  });
});
