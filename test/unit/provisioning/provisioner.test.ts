import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { createDeviceCertificate } from '../../../src/certificates/certificate.ts';
import { CloudError } from '../../../src/cloud-error.ts';
import { Secret } from '../../../src/lib/secret.ts';
import { AssignmentCache } from '../../../src/provisioning/assignment-cache.ts';
import type { Credential } from '../../../src/provisioning/credential.ts';
import type { Assignment } from '../../../src/provisioning/dps-client.ts';
import { Provisioner } from '../../../src/provisioning/provisioner.ts';
import type { ProvisionerOptions } from '../../../src/provisioning/provisioner.ts';
import { FakeClock, settle } from '../../fakes/fake-clock.ts';
import { FakeDps } from '../../fakes/fake-dps.ts';
import { RecordingLog } from '../../fakes/recording-log.ts';
import { temporaryDirectory } from '../../fakes/temporary-directory.ts';

const key = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=';
const otherKey = 'Tz4Wtei6uHSGQm0NiJy0Ijsh6/sJcnyJYOAfzqC4oKM=';
const never = new AbortController().signal;

const options: ProvisionerOptions = {
  endpoint: { host: 'global.azure-devices-provisioning.net', port: 8883 },
  scopeId: '0ne00ABC123',
  payload: { modelId: 'dtmi:example:Gateway;1' },
  deadlineMs: 60_000,
};
const assignment: Assignment = {
  assignedHub: 'hub.example',
  deviceId: 'gateway-01',
  assignedAt: '2026-01-01T00:00:00.000Z',
};

const bySymmetricKey = (registrationId: string, value: string): Credential => ({
  method: 'symmetric_key',
  name: 'primary',
  registrationId,
  key: new Secret(value),
});
const credential = bySymmetricKey('gateway-01', key);

async function byCertificate(commonName: string): Promise<Credential> {
  const validity = {
    notBefore: new Date('2026-01-01T00:00:00Z'),
    notAfter: new Date('2027-01-01T00:00:00Z'),
  };
  const { certificatePem, privateKeyPem } = await createDeviceCertificate({ commonName, validity });
  return {
    method: 'x509',
    name: 'primary',
    registrationId: commonName,
    certificate: certificatePem,
    privateKey: new Secret(privateKeyPem),
  };
}

const ask = (provisioner: Provisioner, credential: Credential, signal = never): Promise<Assignment> =>
  provisioner.register(credential, 'requested', signal);

/** DPS's answer, and why it was asked. */
const remembered: Assignment = { ...assignment, trigger: 'requested' };

/** Provisioners that share one cache file, one DPS and one clock, as the same device would after restarts. */
async function prepare(test: TestContext) {
  const path = join(await temporaryDirectory(test), 'assignment.json');
  const [clock, dps, log] = [new FakeClock(), new FakeDps(assignment), new RecordingLog()];
  const withOptions = (over: Partial<ProvisionerOptions> = {}): Provisioner =>
    new Provisioner(() => ({ ...options, ...over }), dps, new AssignmentCache(path, log), clock);
  return { path, clock, dps, log, withOptions };
}

describe('Provisioner', () => {
  it('asks DPS what the configuration says, and gives its answer', async (t) => {
    const { dps, withOptions } = await prepare(t);
    assert.deepEqual(await ask(withOptions(), credential), remembered);
    const { endpoint, scopeId, payload } = options;
    assert.deepEqual(dps.requests, [{ endpoint, scopeId, credential, payload }]);
  });

  it('leaves the payload out where there is none', async (t) => {
    const { dps, withOptions } = await prepare(t);
    await ask(withOptions({ payload: undefined }), credential);
    assert.deepEqual(Object.keys(dps.requests[0] ?? {}), ['endpoint', 'scopeId', 'credential']);
  });

  it('knows nothing before it has asked', async (t) => {
    const { withOptions } = await prepare(t);
    assert.equal(await withOptions().cached(credential), undefined);
  });

  it('remembers the answer over a restart', async (t) => {
    const { withOptions } = await prepare(t);
    await ask(withOptions(), credential);
    assert.deepEqual(await withOptions().cached(credential), remembered);
  });

  it('remembers an assignment for the credential that opened a session with it, and writes it once', async (t) => {
    const { path, withOptions } = await prepare(t);
    const provisioner = withOptions();
    await ask(provisioner, credential);
    const other = { ...credential, key: new Secret('b3RoZXJvdGhlcm90aGVyb3RoZXI=') };
    await provisioner.confirm(other, remembered);
    assert.deepEqual(await withOptions().cached(other), remembered);
    await rm(path);
    await provisioner.confirm(other, remembered);
    assert.equal(await withOptions().cached(other), undefined);
  });

  it('asks another endpoint anew, and finds the assignment of the one before again when it is back', async (t) => {
    const { path, clock, dps, log } = await prepare(t);
    let { endpoint } = options;
    const withEndpoint = (): Provisioner =>
      new Provisioner(() => ({ ...options, endpoint }), dps, new AssignmentCache(path, log), clock);
    const provisioner = withEndpoint();
    await ask(provisioner, credential);
    endpoint = { host: 'Other.example', port: 8883 };
    assert.equal(provisioner.place, 'other.example:8883');
    assert.equal(await provisioner.cached(credential), undefined);
    const elsewhere = { ...assignment, assignedHub: 'elsewhere.example' };
    dps.onRegister = () => Promise.resolve(elsewhere);
    await ask(provisioner, credential);
    assert.deepEqual(dps.requests.at(-1)?.endpoint, endpoint);
    const there = { ...elsewhere, trigger: 'requested' };
    assert.deepEqual(await withEndpoint().cached(credential), there);
    endpoint = options.endpoint;
    assert.deepEqual(await provisioner.cached(credential), remembered);
    assert.deepEqual(await withEndpoint().cached(credential), remembered, 'over a restart too');
    assert.equal(dps.requests.length, 2);
  });

  it('gives the answer all the same when it cannot be saved', async (t) => {
    const { path, clock, dps, log } = await prepare(t);
    await writeFile(path, 'not a directory');
    const provisioner = new Provisioner(
      () => options,
      dps,
      new AssignmentCache(join(path, 'below'), log),
      clock,
    );
    assert.deepEqual(await ask(provisioner, credential), remembered);
    assert.match(String(log.messages('warn').at(-1)), /cannot save the assignment/);
    assert.deepEqual(await provisioner.cached(credential), remembered);
  });

  it('gives up after the deadline with a code of its own, and tells the client to stop', async (t) => {
    const { clock, dps, withOptions } = await prepare(t);
    dps.onRegister = () => new Promise(() => undefined);
    const refused = assert.rejects(ask(withOptions(), credential), (error) => {
      assert.ok(error instanceof CloudError);
      assert.equal(error.code, 'DPS-TIMEOUT');
      assert.match(
        error.message,
        /^cannot register with DPS at global\.azure-devices-provisioning\.net:8883: /,
      );
      return true;
    });
    await clock.advance(59_999);
    assert.equal(dps.signals[0]?.aborted, false);
    await clock.advance(1);
    await refused;
    assert.equal(dps.signals[0].aborted, true);
  });

  it('leaves no timer after an answer', async (t) => {
    const { clock, withOptions } = await prepare(t);
    await ask(withOptions(), credential);
    await settle();
    assert.deepEqual(clock.sleeping, []);
  });

  it('stops when it is told to, with the reason it is told', async (t) => {
    const { dps, withOptions } = await prepare(t);
    dps.onRegister = () => new Promise(() => undefined);
    const stop = new AbortController();
    const registering = ask(withOptions(), credential, stop.signal);
    stop.abort(new Error('stopping'));
    await assert.rejects(registering, { message: 'stopping' });
    assert.equal(dps.signals[0]?.aborted, true);
  });

  it('fails as DPS does, and keeps the answer it had before', async (t) => {
    const { dps, withOptions } = await prepare(t);
    await ask(withOptions(), credential);
    dps.onRegister = () => Promise.reject(new CloudError('DPS-401', 'register'));
    await assert.rejects(ask(withOptions(), credential), { code: 'DPS-401' });
    assert.deepEqual(await withOptions().cached(credential), remembered);
  });
});

describe('the question that a cached answer belongs to', () => {
  for (const [what, over] of Object.entries<Partial<ProvisionerOptions>>({
    'another host': { endpoint: { ...options.endpoint, host: 'mine.azure-devices-provisioning.net' } },
    'another port': { endpoint: { ...options.endpoint, port: 443 } },
    'another ID scope': { scopeId: '0ne00ABC124' },
    'another payload': { payload: { modelId: 'dtmi:example:Gateway;2' } },
    'an empty payload': { payload: {} },
    'no payload': { payload: undefined },
  })) {
    it(`changes with ${what}`, async (t) => {
      const { withOptions } = await prepare(t);
      await ask(withOptions(), credential);
      assert.equal(await withOptions(over).cached(credential), undefined);
    });
  }

  for (const [what, other] of [
    ['another registration ID', () => bySymmetricKey('gateway-02', key)],
    ['a registration ID in another case, which derives another key', () => bySymmetricKey('Gateway-01', key)],
    ['another key', () => bySymmetricKey('gateway-01', otherKey)],
    ['another method', () => byCertificate('gateway-01')],
  ] as const) {
    it(`changes with ${what}`, async (t) => {
      const { withOptions } = await prepare(t);
      await ask(withOptions(), credential);
      assert.equal(await withOptions().cached(await other()), undefined);
    });
  }

  it('changes with another certificate for the same registration ID', async (t) => {
    const { withOptions } = await prepare(t);
    const [old, renewed] = [await byCertificate('gateway-01'), await byCertificate('gateway-01')];
    await ask(withOptions(), old);
    assert.equal(await withOptions().cached(renewed), undefined);
    assert.deepEqual(await withOptions().cached(old), remembered);
  });

  for (const [what, over] of Object.entries<Partial<ProvisionerOptions>>({
    'the deadline': { deadlineMs: 1 },
    'the case of the host': {
      endpoint: { ...options.endpoint, host: 'Global.Azure-Devices-Provisioning.net' },
    },
  })) {
    it(`does not change with ${what}`, async (t) => {
      const { withOptions } = await prepare(t);
      await ask(withOptions(), credential);
      assert.deepEqual(await withOptions(over).cached(credential), remembered);
    });
  }

  it('does not change with time', async (t) => {
    const { clock, withOptions } = await prepare(t);
    await ask(withOptions(), credential);
    await clock.advance(1e12);
    assert.deepEqual(await withOptions().cached(credential), remembered);
  });

  it('is kept in a form that gives neither the key nor a digest of it alone away', async (t) => {
    const { path, withOptions } = await prepare(t);
    await ask(withOptions(), credential);
    const text = await readFile(path, 'utf8');
    const bytes = Buffer.from(key, 'base64');
    const sha256 = (data: string | Buffer): Buffer => createHash('sha256').update(data).digest();
    for (const form of [bytes, Buffer.from(key), sha256(bytes), sha256(key)]) {
      for (const encoding of ['utf8', 'base64', 'base64url', 'hex'] as const) {
        assert.ok(!text.toLowerCase().includes(form.toString(encoding).toLowerCase()));
      }
    }
  });
});
