import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deriveDeviceKey } from '../../../src/simulator/keys.ts';
import { isResourceOrBelow, parseSas, verifySas } from '../../../src/simulator/sas.ts';
import type { SasCheck, SasVerdict } from '../../../src/simulator/sas.ts';

const bytes = (count: number): string =>
  Buffer.from(Array.from({ length: count }, (_, index) => index)).toString('base64');
const [k64, k32] = [bytes(64), bytes(32)];
const deviceKey = deriveDeviceKey(k64, 'device-001');
const expiry = 1893456000;

describe('derived keys', () => {
  for (const [id, with64, with32] of [
    [
      'device-001',
      'Tz4Wtei6uHSGQm0NiJy0Ijsh6/sJcnyJYOAfzqC4oKM=',
      'BG0x/0mIbqnG9RWsosby2GxBOeYgRhXI9gnRqn2lxFI=',
    ],
    [
      'Device-001',
      'YXibH+z6O23cIvcGa1LmUYe11nxKx5NIWN5vy1MNplc=',
      'OOivoQoBqsBkrX6a6gkNQ5ajlmrJl0OPpU7vAwifN8Y=',
    ],
    [
      'dev:01.a_b-',
      'Cao6TMGZ60DItQNH2BoOO1Utu6+V2duY2uJh7POgY3Y=',
      'mziUpwV6oStO5JVzEu7ItlVYnlmWQ+3QdWw2T/XKG5A=',
    ],
    [
      'a'.repeat(128),
      '8Bfr7FvBCyFARJLJJr+NGJ4apXhxopugiP+qNpFX8SI=',
      'rPJWn1dQObjLsU+jA5pMWJJtjLxkU83/74p7zYbRFz4=',
    ],
  ] as const) {
    it(`of ${id.slice(0, 16)}`, () => {
      assert.equal(deriveDeviceKey(k64, id), with64);
      assert.equal(deriveDeviceKey(k32, id), with32);
    });
  }

  it('of the public document', () => {
    const group = '8isrFI1sGsIlvvFSSFRiMfCNzv21fjbE/+ah/lSh3lF8e2YG1Te7w1KpZhJFFXJrqYKi9yegxkqIChbqOS9Egw==';
    const id = 'sn-007-888-abc-mac-a1-b2-c3-d4-e5-f6';
    assert.equal(deriveDeviceKey(group, id), 'Jsm0lyGpjaVYVP2g3FnmnmG9dI/9qU24wNoykUmermc=');
  });
});

describe('shared access signatures', () => {
  const dps = '0ne00ABC123/registrations/device-001';
  const hub = 'sim-hub.azure-devices.net/devices/device-001';
  const judge = (token: string, resource: string, over: Partial<SasCheck> = {}): SasVerdict | undefined => {
    const parsed = parseSas(`SharedAccessSignature ${token}`);
    return (
      parsed &&
      verifySas(parsed, {
        keys: [k32, deviceKey],
        accepts: (given) => given === resource,
        nowMs: (expiry - 1) * 1000,
        graceMs: 0,
        ...over,
      })
    );
  };
  const encoded =
    'sr=0ne00ABC123%2Fregistrations%2Fdevice-001&sig=59L1KU3%2B95esXuiL%2BNmwuMAu5zdKzs0HlAK2%2BlleVzE%3D&se=1893456000&skn=registration';

  for (const [what, token, resource] of [
    ['encoded, as Python sends it', encoded, dps],
    [
      'raw, as Node sends it',
      'sr=0ne00ABC123/registrations/device-001&sig=jStsu0b4Hi5FGzN7IJycNbIBWueC471u43DcINGWlpU%3D&skn=registration&se=1893456000',
      dps,
    ],
    [
      'in lower-case hex, as dps-keygen sends it',
      'sr=0ne00ABC123%2fregistrations%2fdevice-001&sig=%2FaewjCYbPM6w4lIV4LWXfyfRI7eb1j7tm5HlRq18ggo%3D&se=1893456000&skn=registration',
      dps,
    ],
    [
      'for a hub',
      'sr=sim-hub.azure-devices.net%2Fdevices%2Fdevice-001&sig=Yha2H8ltoTLWl3MDzZT3%2BJ2a0Xk7HiznD8wBryF0P0I%3D&se=1893456000',
      hub,
    ],
  ] as const) {
    it(`are valid ${what}`, () => {
      assert.equal(judge(token, resource), 'valid');
    });
  }

  it('sign the literal text: the same signature over another spelling is wrong', () => {
    assert.equal(judge(encoded.replaceAll('%2Fr', '/r'), dps), 'wrong signature');
    assert.equal(judge(encoded.replace('1893456000', '1893456001'), dps), 'wrong signature');
  });

  it('are judged by resource, key and time', () => {
    assert.equal(judge(encoded, hub), 'wrong resource');
    assert.equal(judge(encoded, dps, { keys: [k64] }), 'wrong signature');
    assert.equal(judge(encoded, dps, { keys: [] }), 'wrong signature');
    assert.equal(judge(encoded, dps, { nowMs: expiry * 1000 }), 'expired');
    assert.equal(judge(encoded, dps, { nowMs: expiry * 1000, graceMs: 1 }), 'valid');
  });

  it('are none when a field is missing or nonsense', () => {
    for (const text of ['', 'sr=a&sig=b', 'sr=a&sig=b&se=soon', 'sig=b&se=1', 'sr=a&sig=%&se=1']) {
      assert.equal(parseSas(`SharedAccessSignature ${text}`), undefined, text);
    }
    assert.equal(parseSas('sr=a&sig=b&se=1'), undefined);
  });

  it('keep an empty skn apart from none', () => {
    assert.equal(parseSas('SharedAccessSignature sr=a&sig=b&se=1&skn=')?.keyName, '');
    assert.equal(parseSas('SharedAccessSignature sr=a&sig=b&se=1')?.keyName, undefined);
  });

  it('cover what lies below their resource, by whole segments', () => {
    assert.ok(isResourceOrBelow('devices/a/api-version=2016-11-14', 'devices/a'));
    assert.ok(!isResourceOrBelow('devices/ab', 'devices/a'));
  });
});
