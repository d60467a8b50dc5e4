import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Secret } from '../../../src/lib/secret.ts';
import { deriveDeviceKey } from '../../../src/provisioning/derive-device-key.ts';

const bytes = (count: number): string =>
  Buffer.from(Array.from({ length: count }, (_, index) => index)).toString('base64');

const k64 = bytes(64);
const k32 = bytes(32);

/** Longer than HMAC's block of 64 bytes: the public part of a TPM's key, which Azure's own tests derive from. */
const longKey =
  'AToAAQALAAMAsgAgg3GXZ0SEs/gakMyNRqXXJP1S124GUgtk8qHaGzMUaaoABgCAAEMAEAgAAAAAAAEAibym9HQP9vxCGF5dVc1Q' +
  'QsAGe021aUGJzNol1/gycBx3jFsTpwmWbISRwnFvflWd0w2Mc44FAAZNaJOAAxwZvG8GvyLlHh6fGKdh+mSBL4iLH2bZ4Ry22cB3' +
  'CJVjXmdGoz9Y/j3/NwLndBxQC+baNvzvyVQZ4/A2YL7vzIIj2ik4y+ve9ir7U0GbNdnxskqK1KFIITVVtkTIYyyFTIR0BySjPrRI' +
  'Dj7r7Mh5uF9HBppGKQCBoVSVV8dI91lNazmSdpGWyqCkO7iM4VvUMv2HT/ym53aYlUrau+Qq87Tu+uQipWYgRdF11KDfcpMHqqzB' +
  'QQ1NpOJVhrsTrhyJzO7KNw==';

/** protocol.md 11: name, group key, registration ID, device key. */
const vectors: readonly (readonly [string, string, string, string])[] = [
  [
    'V1',
    '8isrFI1sGsIlvvFSSFRiMfCNzv21fjbE/+ah/lSh3lF8e2YG1Te7w1KpZhJFFXJrqYKi9yegxkqIChbqOS9Egw==',
    'sn-007-888-abc-mac-a1-b2-c3-d4-e5-f6',
    'Jsm0lyGpjaVYVP2g3FnmnmG9dI/9qU24wNoykUmermc=',
  ],
  ['V2', longKey, 'myarbitrarydeviceId', 'cT/EXZvsplPEpT//p98Pc6sKh8mY3kYgSxavHwMkl7w='],
  ['K64', k64, 'device-001', 'Tz4Wtei6uHSGQm0NiJy0Ijsh6/sJcnyJYOAfzqC4oKM='],
  ['K64', k64, 'Device-001', 'YXibH+z6O23cIvcGa1LmUYe11nxKx5NIWN5vy1MNplc='],
  ['K64', k64, 'dev:01.a_b-', 'Cao6TMGZ60DItQNH2BoOO1Utu6+V2duY2uJh7POgY3Y='],
  ['K64', k64, 'a'.repeat(128), '8Bfr7FvBCyFARJLJJr+NGJ4apXhxopugiP+qNpFX8SI='],
  ['K32', k32, 'device-001', 'BG0x/0mIbqnG9RWsosby2GxBOeYgRhXI9gnRqn2lxFI='],
  ['K32', k32, 'Device-001', 'OOivoQoBqsBkrX6a6gkNQ5ajlmrJl0OPpU7vAwifN8Y='],
  ['K32', k32, 'dev:01.a_b-', 'mziUpwV6oStO5JVzEu7ItlVYnlmWQ+3QdWw2T/XKG5A='],
  ['K32', k32, 'a'.repeat(128), 'rPJWn1dQObjLsU+jA5pMWJJtjLxkU83/74p7zYbRFz4='],
];

describe('deriveDeviceKey', () => {
  for (const [name, groupKey, id, deviceKey] of vectors) {
    it(`derives the key of ${id.slice(0, 40)} from ${name}`, () => {
      assert.equal(deriveDeviceKey(new Secret(groupKey), id).reveal(), deviceKey);
    });
  }

  it('does not give the key away when it is printed', () => {
    assert.equal(String(deriveDeviceKey(new Secret(k64), 'device-001')), '[secret]');
  });
});
