import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it } from 'node:test';
import { authenticate } from '../../../src/simulator/device.ts';
import type { Authentication, DeviceIdentity, HubCheck, HubVerdict } from '../../../src/simulator/device.ts';

const [primaryKey, secondaryKey] = [1, 2].map((fill) => Buffer.alloc(32, fill).toString('base64')) as [
  string,
  string,
];
const now = new Date('2026-06-01T00:00:00Z');
const expiry = now.getTime() / 1000 + 60;

const identity = (over: Partial<DeviceIdentity> = {}): DeviceIdentity => ({
  deviceId: 'Gw-1',
  generationId: '1',
  etag: '',
  status: 'enabled',
  statusReason: null,
  statusUpdatedTime: '',
  authentication: { type: 'sas', symmetricKey: { primaryKey, secondaryKey } },
  ...over,
});

function token(resource: string, key = primaryKey, suffix = ''): string {
  const sr = encodeURIComponent(resource);
  const sig = createHmac('sha256', Buffer.from(key, 'base64')).update(`${sr}\n${expiry}`).digest('base64');
  return `SharedAccessSignature sr=${sr}&sig=${encodeURIComponent(sig)}&se=${expiry}${suffix}`;
}

const check = (over: Partial<HubCheck> = {}): HubCheck => ({
  hostNames: ['localhost:8883'],
  authorities: [],
  now,
  graceMs: 0,
  ...over,
});
const judge = (
  password: string | undefined,
  device: DeviceIdentity | undefined = identity(),
  over: Partial<HubCheck> = {},
): HubVerdict => authenticate(device, { password, chain: undefined }, check(over));
const resource = 'localhost:8883/devices/Gw-1';

describe('a device at its hub', () => {
  for (const [what, password] of [
    ['its primary key', token(resource)],
    ['its secondary key', token(resource, secondaryKey)],
    ['an empty skn', token(resource, primaryKey, '&skn=')],
    ['the host in capitals', token('LOCALHOST:8883/devices/Gw-1')],
    ['the old longer resource', token(`${resource}/api-version=2016-11-14`)],
  ] as const) {
    it(`is let in with ${what}`, () => {
      assert.deepEqual(judge(password), { accepted: true, method: 'sas', expiresAtMs: expiry * 1000 });
    });
  }

  it('stays as long as its token and the grace', () => {
    const verdict = judge(token(resource), identity(), { graceMs: 5000 });
    assert.equal(verdict.accepted && verdict.expiresAtMs, expiry * 1000 + 5000);
  });

  const selfSigned: Authentication = { type: 'selfSigned', thumbprints: ['AB'] };
  for (const [what, verdict, reason] of [
    [
      'with a policy name',
      judge(token(resource, primaryKey, '&skn=iothubowner')),
      'no policy named iothubowner',
    ],
    ['with no token', judge(undefined), 'no shared access signature'],
    ['with its ID in another case', judge(token('localhost:8883/devices/gw-1')), 'wrong resource'],
    ['with a longer ID', judge(token('localhost:8883/devices/Gw-10')), 'wrong resource'],
    ["with the whole hub's resource", judge(token('localhost:8883')), 'wrong resource'],
    ['with another hub', judge(token('localhost:8884/devices/Gw-1')), 'wrong resource'],
    ['with another key', judge(token(resource, Buffer.alloc(32, 3).toString('base64'))), 'wrong signature'],
    ['too late', judge(token(resource), identity(), { now: new Date(expiry * 1000) }), 'expired'],
    [
      'when it is disabled',
      judge(token(resource), identity({ status: 'disabled' })),
      'the device is disabled',
    ],
    [
      'when it is an X.509 device',
      judge(token(resource), identity({ authentication: selfSigned })),
      'no client certificate',
    ],
    [
      'when it is unknown',
      authenticate(undefined, { password: token(resource), chain: undefined }, check()),
      'unknown device',
    ],
  ] as const) {
    it(`is refused ${what}`, () => {
      assert.deepEqual(verdict, { accepted: false, reason });
    });
  }
});
