import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SecretSource } from '../../../src/config/secret-source.ts';
import { Secret } from '../../../src/lib/secret.ts';
import type { Credential } from '../../../src/provisioning/credential.ts';
import { ManualSource } from '../../../src/provisioning/manual.ts';
import { Secrets } from '../../../src/provisioning/secrets.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';

const clock = new FakeClock(new Date('2026-06-01T00:00:00Z'));
const key = 'Tz4Wtei6uHSGQm0NiJy0Ijsh6/sJcnyJYOAfzqC4oKM=';
const credential: Credential = {
  method: 'symmetric_key',
  name: 'primary',
  registrationId: 'Pump#7',
  key: new Secret(key),
};

describe('a device that is told its hub', () => {
  it('has the same assignment whenever it asks', async () => {
    const source = new ManualSource(
      { method: 'x509', hub: 'hub.example' },
      new Secrets({ env: {}, credentialsDirectory: undefined }),
      clock,
    );
    const assignment = {
      assignedHub: 'hub.example',
      deviceId: 'Pump#7',
      assignedAt: '2026-06-01T00:00:00.000Z',
    };
    assert.deepEqual(await source.cached(credential), assignment);
    assert.deepEqual(await source.register(credential), assignment);
  });

  it('finds it in its connection string, anew each time', async () => {
    const env = { CS: `HostName=One.example:8884;DeviceId=Pump#7;SharedAccessKey=${key}` };
    const connectionString: SecretSource = { kind: 'env', name: 'CS' };
    const secrets = new Secrets({ env, credentialsDirectory: undefined });
    const source = new ManualSource({ method: 'connection_string', connectionString }, secrets, clock);
    assert.equal((await source.cached(credential)).assignedHub, 'one.example:8884');
    env.CS = env.CS.replace('One', 'Two');
    assert.equal((await source.register(credential)).assignedHub, 'two.example:8884');
  });
});
