import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { format, inspect } from 'node:util';
import { describeError } from '../../../src/lib/errors.ts';
import { Secret } from '../../../src/lib/secret.ts';

const value = 'AAECAwQFBgcICQoLDA0ODw==';
const secret = new Secret(value);
const inside = { provisioning: { attestation: [secret] } };
const error = new Error('cannot sign', { cause: inside });

/** How a value ends up as text, on purpose or by accident. */
const ways: Readonly<Record<string, () => string>> = {
  toString: () => secret.toString(),
  'String()': () => String(secret),
  'a template': () => `key=${String(secret)}`,
  'adding it to text': () => 'key=' + String(secret),
  'joining an array': () => [secret, secret].join(),
  'JSON.stringify': () => JSON.stringify(secret),
  'JSON.stringify of what it is in': () => JSON.stringify(inside),
  inspect: () => inspect(secret),
  'inspect of what it is in, at any depth': () => inspect(inside, { depth: Infinity }),
  'inspect with hidden properties': () => inspect(inside, { depth: Infinity, showHidden: true }),
  'inspect without custom inspection': () => inspect(inside, { depth: Infinity, customInspect: false }),
  'util.format with %s': () => format('%s', secret),
  'util.format with %o': () => format('%o', inside),
  'util.format with %O': () => format('%O', inside),
  'util.format with %j': () => format('%j', inside),
  'util.format without a placeholder': () => format('key', secret),
  'inspect of an error that carries it': () => inspect(error, { depth: Infinity }),
  'describeError of an error that carries it': () =>
    describeError(new Error('cannot sign', { cause: secret })),
  'its keys': () => Reflect.ownKeys(secret).map(String).join(),
  'a copy of its properties': () => JSON.stringify(Object.assign({}, secret)),
  'a structured clone': () => inspect(structuredClone(secret), { showHidden: true }),
};

describe('Secret', () => {
  it('reveals its value to who asks for it by name', () => {
    assert.equal(secret.reveal(), value);
  });

  for (const [way, show] of Object.entries(ways)) {
    it(`is not given away by ${way}`, () => {
      assert.ok(!show().includes(value));
    });
  }

  it('says that something was left out', () => {
    assert.deepEqual(
      [String(secret), JSON.stringify({ key: secret }), inspect({ key: secret })],
      ['[secret]', '{"key":"[secret]"}', '{ key: [secret] }'],
    );
  });
});
