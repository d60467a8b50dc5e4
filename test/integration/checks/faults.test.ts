import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createDeviceCertificate } from '../../../src/certificates/certificate.ts';
import { createTestAuthority } from '../../../src/certificates/test-authority.ts';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { attestationBy, certificateFiles, expiredNow, validNow } from '../../support/certificate-files.ts';
import { proxyFor } from '../../support/proxy.ts';
import { Scratch } from '../../support/scratch.ts';
import { enrollWithKey, newKey, simulatorFor } from '../../support/simulator.ts';
import { unusedPort } from '../../support/unused-port.ts';
import { checked } from './check-rig.ts';
import type { Circumstances, Results } from './check-rig.ts';

const hour = 3_600_000;

describe('the checks, of a device with one fault', () => {
  const scratch = new Scratch();
  let simulator: Simulator;
  let attestation: Readonly<Record<string, string>>;

  before(async () => {
    simulator = await simulatorFor(scratch, { hubs: 2 });
    const iotHubs = [simulator.hubs[1]?.name];
    attestation = enrollWithKey(simulator, 'gateway', { allocationPolicy: 'static', iotHubs });
  });

  after(() => scratch.clean());

  function withFault(circumstances: Circumstances, own = attestation): Promise<Results> {
    return checked(scratch, simulator, own, circumstances);
  }

  async function certificateWith(
    validity = validNow(),
  ): Promise<{ files: Awaited<ReturnType<typeof certificateFiles>>; attestation: Record<string, string> }> {
    const leaf = await createDeviceCertificate({ commonName: 'leaf', validity });
    const certificate = leaf.certificatePem;
    simulator.registry.enrollments.put('leaf', {
      attestation: { type: 'x509', x509: { clientCertificates: { primary: { certificate } } } },
    });
    const files = await certificateFiles(scratch, leaf);
    return { files, attestation: attestationBy(files) };
  }

  it('find nothing where there is none', async () => {
    const results = await withFault({});
    assert.deepEqual(results.wrong, {});
    const skipped = results.all.filter(({ status }) => status === 'skipped').map(({ id }) => id);
    const notHere = ['secrets', 'expiry', 'disk-wear', 'proxy', 'socket'];
    assert.deepEqual(skipped, [...notHere, 'unit', 'unit-enabled', 'unit-sandbox']);
    assert.match(results.of('dps-tls').seen, /^TLSv1\.\d, the certificate is of .*, signed by /);
    assert.match(results.of('hub-twin').seen, /desired properties of version 1/);
  });

  it('tell how long each hop took', async () => {
    const results = await withFault({});
    assert.deepEqual(Object.keys(results.of('hub-connect').hops ?? {}), ['tcp', 'tls', 'connack']);
    assert.deepEqual(Object.keys(results.of('dps-register').hops ?? {}), ['tcp', 'tls', 'connack']);
    assert.deepEqual(Object.keys(results.of('dps-tcp').hops ?? {}), [`tcp-${simulator.dps.port}`]);
  });

  it('leave a session of nobody behind', async () => {
    const from = simulator.connections.history().at(-1)?.id ?? 0;
    await withFault({});
    const ended = AbortSignal.timeout(5000);
    await simulator.connections.waitFor(
      ({ id, service, endedAt }) => id > from && service === 'hub' && endedAt !== undefined,
      ended,
    );
    assert.deepEqual(simulator.connections.current(), []);
  });

  it('config: a configuration that cannot be read', async () => {
    const results = await withFault({ text: 'provisioning: {source: dsp}\n' });
    assert.deepEqual(results.wrong, { config: 'error' });
    assert.ok(results.skipped('because of config').includes('credential'));
    assert.equal(results.of('version').status, 'ok');
    assert.equal(results.of('clock').status, 'ok');
  });

  it('config: a trust bundle that is not there', async () => {
    const results = await withFault({ caFile: '/nowhere/ca.pem' });
    assert.deepEqual(results.wrong, { config: 'error' });
    assert.match(results.of('config').seen, /cannot use trust_bundle_cert \/nowhere\/ca\.pem/);
  });

  it('permissions: a key that everybody can read', async () => {
    const results = await withFault({ mode: 0o644 });
    assert.deepEqual(results.wrong, { permissions: 'warning' });
    assert.match(results.of('permissions').command ?? '', /^chmod 640 .*config\.yaml$/);
  });

  it('secrets: a file that is not there', async () => {
    const path = join(await scratch.folder(), 'key');
    const results = await withFault({}, { ...attestation, symmetric_key: `file://${path}` });
    assert.deepEqual(results.wrong, { secrets: 'error' });
    assert.equal(results.of('secrets').code, 'SECRET-UNREADABLE');
    assert.equal(results.of('credential').seen, 'because of secrets');
    assert.equal(results.of('dps-register').status, 'skipped');
    assert.equal(results.of('hub-connect').status, 'skipped');
    assert.equal(results.of('dps-tls').status, 'ok');
  });

  it('nothing about a certificate and its own key', async () => {
    const { attestation: own } = await certificateWith({
      notBefore: new Date(Date.now() - hour),
      notAfter: new Date(Date.now() + 365 * 24 * hour),
    });
    const results = await withFault({}, own);
    assert.deepEqual(results.wrong, {});
    assert.match(results.of('expiry').seen, /^primary: 364 days left/);
  });

  it('credential: a key that is not that of the certificate', async () => {
    const { files, attestation: own } = await certificateWith();
    const stranger = await createDeviceCertificate({ commonName: 'leaf', validity: validNow() });
    await writeFile(files.privateKey, stranger.privateKeyPem);
    const results = await withFault({}, own);
    assert.deepEqual(results.wrong, { credential: 'error' });
    assert.equal(results.of('credential').code, 'CERT-UNUSABLE');
    assert.match(results.of('credential').seen, /is not the private key of/);
  });

  it('credential: a certificate that has expired', async () => {
    const { attestation: own } = await certificateWith(expiredNow());
    const results = await withFault({}, own);
    assert.deepEqual(results.wrong, { credential: 'error' });
    assert.equal(results.of('credential').code, 'CERT-EXPIRED');
    assert.equal(results.of('expiry').seen, 'because of credential');
  });

  it('expiry: a certificate with little of its life left', async () => {
    const { attestation: own } = await certificateWith({
      notBefore: new Date(Date.now() - 80 * 24 * hour),
      notAfter: new Date(Date.now() + 20 * 24 * hour),
    });
    assert.deepEqual((await withFault({}, own)).wrong, { expiry: 'warning' });
  });

  it('state-directory: a file in its place', async () => {
    const stateDirectory = join(await scratch.folder(), 'state');
    await writeFile(stateDirectory, '');
    const results = await withFault({ stateDirectory });
    assert.deepEqual(results.wrong, { 'state-directory': 'error' });
    assert.equal(results.of('disk-space').seen, 'because of state-directory');
  });

  it('disk-space: a queue that may take more than there is', async () => {
    const sections = ['telemetry: {queue: {max_bytes: 1TB}}'];
    assert.deepEqual((await withFault({ sections })).wrong, { 'disk-space': 'warning' });
  });

  it('clock: nobody keeps it right', async () => {
    assert.deepEqual((await withFault({ synchronised: 'no' })).wrong, { clock: 'warning' });
  });

  it('clock-offset: it is an hour behind', async () => {
    const results = await withFault({ offsetMs: hour });
    assert.deepEqual(results.wrong, { 'clock-offset': 'error' });
    assert.match(results.of('clock-offset').seen, /it is 60 min behind/);
  });

  it('dps-dns: a name that nobody knows', async () => {
    const results = await withFault({ endpoint: { host: 'nowhere.invalid', port: simulator.dps.port } });
    assert.deepEqual(results.wrong, { 'dps-dns': 'error' });
    assert.equal(results.of('dps-dns').code, 'NET-DNS');
    assert.equal(results.of('dps-dns').command, 'getent hosts nowhere.invalid');
    assert.deepEqual(results.skipped('because of dps-dns'), ['dps-tcp']);
  });

  it('dps-tcp: a port that is closed', async () => {
    const results = await withFault({ endpoint: { host: '127.0.0.1', port: await unusedPort() } });
    assert.deepEqual(results.wrong, { 'dps-tcp': 'error' });
    assert.equal(results.of('dps-tcp').code, 'NET-REFUSED');
    assert.equal(results.of('dps-tls').seen, 'because of dps-tcp');
  });

  it('proxy: nothing where it lets everything through', async () => {
    const { port } = await proxyFor(scratch);
    const results = await withFault({ sections: [`proxy: http://127.0.0.1:${port}`] });
    assert.deepEqual(results.wrong, {});
    assert.equal(results.of('proxy').status, 'ok');
    assert.equal(results.of('dps-dns').seen, 'the proxy resolves names');
    assert.deepEqual(Object.keys(results.of('hub-connect').hops ?? {}), ['tcp', 'tunnel', 'tls', 'connack']);
  });

  it('proxy: it wants a password', async () => {
    const { port } = await proxyFor(scratch, { credentials: 'someone:secret' });
    const results = await withFault({ sections: [`proxy: http://127.0.0.1:${port}`] });
    assert.deepEqual(results.wrong, { proxy: 'error' });
    assert.equal(results.of('proxy').code, 'PROXY-407');
  });

  it('proxy: nobody is there', async () => {
    const results = await withFault({ sections: [`proxy: http://127.0.0.1:${await unusedPort()}`] });
    assert.deepEqual(results.wrong, { proxy: 'error' });
    assert.equal(results.of('proxy').code, 'PROXY-UNREACHABLE');
  });

  it('dps-tcp: the proxy does not let this port out', async () => {
    const { port } = await proxyFor(scratch, { forbidden: () => true });
    const results = await withFault({ sections: [`proxy: http://127.0.0.1:${port}`] });
    assert.deepEqual(results.wrong, { 'dps-tcp': 'error' });
    assert.equal(results.of('dps-tcp').code, 'PROXY-REFUSED');
  });

  it('dps-tls: a certificate of an authority that is not trusted, which is named', async () => {
    const stranger = await createTestAuthority({ name: 'Elsewhere', intermediates: 0, validity: validNow() });
    const caFile = join(await scratch.folder(), 'ca.pem');
    await writeFile(caFile, stranger.root.certificatePem);
    const results = await withFault({ caFile });
    assert.deepEqual(results.wrong, { 'dps-tls': 'error' });
    assert.equal(results.of('dps-tls').code, 'TLS-UNTRUSTED');
    assert.match(results.of('dps-tls').seen, /the certificate is of .*, signed by .*simulator/i);
  });

  it('dps-register: an enrollment that is disabled', async () => {
    const own = enrollWithKey(simulator, 'disabled', { provisioningStatus: 'disabled' });
    const results = await withFault({}, own);
    assert.deepEqual(results.wrong, { 'dps-register': 'error' });
    assert.equal(results.of('dps-register').code, 'DPS-DISABLED');
    assert.match(results.of('dps-register').remedy ?? '', /enable the enrollment/);
    assert.match(results.of('hub-dns').seen, /no hub is known yet/);
  });

  it('dps-register: a key that DPS does not take, and one that it does', async () => {
    const wrong = { ...attestation, symmetric_key: newKey() };
    const refused = await withFault({}, wrong);
    assert.deepEqual(refused.wrong, { 'dps-register': 'error' });
    const both = { ...wrong, secondary_symmetric_key: attestation['symmetric_key'] ?? '' };
    const results = await withFault({}, both);
    assert.deepEqual(results.wrong, { 'dps-register': 'warning' });
    assert.equal(results.of('hub-connect').status, 'ok');
  });

  it('hub-tcp: the hub that DPS assigns is out of reach', async () => {
    const hub = String(simulator.hubs[1]?.name);
    const { id } = simulator.faults.add({ kind: 'refuse-tcp', how: 'closed', hub });
    try {
      const results = await withFault({});
      assert.deepEqual(results.wrong, { 'hub-tcp': 'error' });
      assert.equal(results.of('hub-connect').seen, 'because of hub-tls');
    } finally {
      await simulator.faults.clear(id);
    }
  });

  it('hub-connect: the hub does not accept the device', async () => {
    const { id } = simulator.faults.add({ kind: 'refuse-connect', service: 'hub', code: 5 });
    try {
      const results = await withFault({});
      assert.deepEqual(results.wrong, { 'hub-connect': 'error' });
      assert.equal(results.of('hub-connect').code, 'HUB-CONNACK-5');
      assert.equal(results.of('hub-twin').seen, 'because of hub-connect');
    } finally {
      await simulator.faults.clear(id);
    }
  });

  it('hub-twin: the hub does not give the twin away', async () => {
    const { id } = simulator.faults.add({ kind: 'twin-error', status: 429, operation: 'get' });
    try {
      assert.deepEqual((await withFault({})).wrong, { 'hub-twin': 'error' });
    } finally {
      await simulator.faults.clear(id);
    }
  });

  it('are not made when told so, nor is what goes beyond the machine with offline', async () => {
    const offline = await withFault({ request: { offline: true } });
    assert.deepEqual(offline.wrong, {});
    assert.equal(offline.skipped('by --offline').length, 11);
    const without = await withFault({ mode: 0o644, request: { dontRun: ['permissions', 'dps-register'] } });
    assert.deepEqual(without.wrong, {});
    assert.deepEqual(without.skipped('by --dont-run'), ['permissions', 'dps-register']);
  });
});
