import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { parseConfig } from '../../../src/config/parse.ts';
import { inboxLimits } from '../../../src/messages/inbox.ts';
import { rememberedMessages } from '../../../src/messages/inbox-record.ts';

const text = readFileSync(new URL('../../../docs/messages.md', import.meta.url), 'utf8');

describe('docs/messages.md', () => {
  it('shows rules that are valid', () => {
    const [, rules = ''] = /```yaml\n([^]*?)```/.exec(text) ?? [];
    const identity =
      'provisioning: {source: dps, scope_id: x, attestation: {method: symmetric_key, registration_id: x, ' +
      'symmetric_key: AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=}}\n';
    const { config, warnings } = parseConfig(identity + rules, 'config.yaml');
    assert.deepEqual(
      config.onMessage.map(({ action }) => action.kind),
      ['command', 'publish', 'local_api'],
    );
    assert.deepEqual(warnings, []);
    const [command] = config.onMessage;
    assert.ok(command?.action.kind === 'command');
    assert.deepEqual([command.action.timeoutMs, command.action.maxOutputBytes], [30_000, 65_536]);
  });

  it('gives the limits that there are', () => {
    assert.ok(text.includes(`last ${rememberedMessages} handled`));
    assert.ok(text.includes(`${inboxLimits.messagesPerLane} messages may wait for\na rule`));
    assert.ok(text.includes(`(the newest ${inboxLimits.setAside})`));
    assert.equal(inboxLimits.bytes, 16 * 1024 * 1024);
  });
});
