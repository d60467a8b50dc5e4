import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { documentHeaders, statusDocument } from '../../../../src/local-api/page/document.ts';
import { someStatus } from '../some-status.ts';

const now = new Date('2026-01-01T00:02:00Z');

describe('the status page', () => {
  it('says what the status says', () => {
    const text = statusDocument(someStatus, now);
    assert.match(text, /<h1>gateway<\/h1>/);
    assert.match(text, /<p>one\.azure-devices\.net<\/p>/);
    assert.match(text, /connected for 60 s/);
    assert.match(text, /boiler: failing: cannot read \/dev\/boiler/);
    assert.match(text, /<title>gateway: connected &ndash; dps-agent<\/title>/);
  });

  it('escapes what an input or the cloud may have written', () => {
    const inputs = [
      {
        name: 'x',
        state: 'failing' as const,
        readings: 0,
        failures: 1,
        error: '<img src=x onerror=alert(1)>',
      },
    ];
    assert.ok(!statusDocument({ ...someStatus, inputs }, now).includes('<img'));
  });

  it('allows its own style and script, and nothing else', () => {
    const text = statusDocument(someStatus, now);
    const policy = documentHeaders['Content-Security-Policy'] ?? '';
    for (const tag of ['style', 'script']) {
      const [, content = ''] = new RegExp(`<${tag}>([^]*?)</${tag}>`).exec(text) ?? [];
      const digest = createHash('sha256').update(content).digest('base64');
      assert.ok(policy.includes(`${tag}-src 'sha256-${digest}'`), tag);
    }
    assert.match(policy, /^default-src 'none';/);
    assert.doesNotMatch(text, / style="| on\w+="|https?:\/\//);
  });
});
