import assert from 'node:assert/strict';
import { X509Certificate, createHash, createPrivateKey, createPublicKey } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createDeviceCertificate } from '../../../src/certificates/certificate.ts';
import { CloudError } from '../../../src/cloud-error.ts';
import { describeError } from '../../../src/lib/errors.ts';
import { Secret } from '../../../src/lib/secret.ts';
import type { X509Credential } from '../../../src/provisioning/credential.ts';
import { EstEnroller } from '../../../src/renewal/est-enroller.ts';
import type { EnrollerOptions } from '../../../src/renewal/est-enroller.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';
import { EstServer, estUser } from '../../support/est-server.ts';
import { Scratch } from '../../support/scratch.ts';

const minuteMs = 60_000;
const dayMs = 1440 * minuteMs;
const never = new AbortController().signal;

describe('enrolling by EST', () => {
  const scratch = new Scratch();
  let clock: FakeClock;
  let server: EstServer;

  beforeEach(async () => {
    clock = new FakeClock(new Date());
    server = await EstServer.start(scratch, () => clock.now());
  });
  afterEach(() => scratch.clean());

  type Over = Partial<EnrollerOptions['settings']>;

  function enroller(over: Over = {}): EstEnroller {
    const settings = { url: server.url, trustedCerts: [server.caFile], rotateKey: true, ...over };
    const password = (): Promise<Secret> => Promise.resolve(new Secret(estUser.password));
    return new EstEnroller({ settings, password, registrationId: 'gw-1', clock });
  }

  async function withBootstrap(over: Over = {}): Promise<EstEnroller> {
    return enroller({ bootstrap: await server.bootstrapFiles(), ...over });
  }

  /** Rejects as it must: what code, and what the message says. */
  async function refusal(work: Promise<unknown>, code: string, says: RegExp): Promise<CloudError> {
    const error: unknown = await work.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof CloudError, describeError(error));
    assert.equal(error.code, code);
    assert.match(describeError(error), says);
    return error;
  }

  it('gets a first certificate for a bootstrap certificate', async () => {
    const identity = await (await withBootstrap()).enroll(undefined, undefined, never);
    const leaf = new X509Certificate(identity.certificate);
    assert.equal(leaf.subject, 'CN=gw-1');
    assert.ok(leaf.checkPrivateKey(createPrivateKey(identity.privateKey.reveal())));
    assert.equal(
      createPrivateKey(identity.privateKey.reveal()).asymmetricKeyDetails?.namedCurve,
      'prime256v1',
    );
    assert.deepEqual(
      server.requests.map(({ operation, provedBy }) => [operation, provedBy]),
      [
        ['cacerts', undefined],
        ['simpleenroll', 'factory'],
      ],
    );
  });

  it('adds the intermediates that cacerts knows, and not the root', async () => {
    const { certificate } = await (await withBootstrap()).enroll(undefined, undefined, never);
    const chain = certificate.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/g) ?? [];
    assert.deepEqual(
      chain.map((pem) => new X509Certificate(pem).subject),
      ['CN=gw-1', 'CN=EST issuing'],
    );
  });

  it('gets a first certificate for user name and password', async () => {
    await enroller({ username: estUser.username }).enroll(undefined, undefined, never);
    assert.deepEqual(server.asked, ['simpleenroll 200']);
  });

  it('asks for another common name where the settings have one', async () => {
    const identity = await (
      await withBootstrap({ commonName: 'gw-1-est' })
    ).enroll(undefined, undefined, never);
    assert.equal(new X509Certificate(identity.certificate).subject, 'CN=gw-1-est');
    assert.equal(identity.registrationId, 'gw-1');
  });

  it('renews with the identity itself, and with a new key', async () => {
    const est = await withBootstrap();
    const first = await est.enroll(undefined, undefined, never);
    const second = await est.enroll(first, first.privateKey, never);
    assert.deepEqual(server.asked, ['simpleenroll 200', 'simplereenroll 200']);
    assert.equal(server.requests.at(-1)?.provedBy, 'gw-1');
    assert.notEqual(publicKeyOf(second), publicKeyOf(first));
    assert.equal(server.requests.at(-1)?.csrKey, publicKeyOf(second));
  });

  it('renews with the same key when keys are not rotated', async () => {
    const est = await withBootstrap({ rotateKey: false });
    const first = await est.enroll(undefined, undefined, never);
    const second = await est.enroll(first, first.privateKey, never);
    assert.equal(publicKeyOf(second), publicKeyOf(first));
    assert.notEqual(second.certificate, first.certificate);
  });

  it('falls back to the bootstrap certificate when the identity is refused', async () => {
    const est = await withBootstrap();
    const first = await est.enroll(undefined, undefined, never);
    await clock.advance(server.lifetimeMs + minuteMs);
    await est.enroll(first, first.privateKey, never);
    assert.deepEqual(server.asked, ['simpleenroll 200', 'simplereenroll 401', 'simpleenroll 200']);
  });

  it('names the status of a refusal', async () => {
    await refusal(enroller().enroll(undefined, undefined, never), 'EST-REFUSED', /it answered 401/);
  });

  it('is refused with a certificate of a stranger', async () => {
    const stranger = await createDeviceCertificate({
      commonName: 'gw-1',
      validity: { notBefore: clock.now(), notAfter: new Date(clock.now().getTime() + dayMs) },
    });
    const folder = await scratch.folder();
    const bootstrap = { certificate: join(folder, 'cert.pem'), privateKey: join(folder, 'key.pem') };
    await writeFile(bootstrap.certificate, stranger.certificatePem);
    await writeFile(bootstrap.privateKey, stranger.privateKeyPem);
    await refusal(enroller({ bootstrap }).enroll(undefined, undefined, never), 'EST-REFUSED', /401/);
  });

  it('says that a bootstrap file is missing, before it asks for anything', async () => {
    const bootstrap = { certificate: '/nowhere/cert.pem', privateKey: '/nowhere/key.pem' };
    const work = enroller({ bootstrap }).enroll(undefined, undefined, never);
    await refusal(work, 'CERT-UNUSABLE', /cannot use \/nowhere\/cert\.pem for EST/);
    assert.deepEqual(server.requests, []);
  });

  it('names the status of trouble, and hands on when to come again', async () => {
    server.faults = { status: 503, retryAfter: '120' };
    const est = await withBootstrap();
    const error = await refusal(est.enroll(undefined, undefined, never), 'EST-REFUSED', /it answered 503/);
    assert.equal(error.retryAfterMs, 120_000);
  });

  it('takes 202 for a decision yet to come, with seconds or with a date', async () => {
    const est = await withBootstrap();
    server.faults = { status: 202, retryAfter: '3600' };
    const soon = await refusal(est.enroll(undefined, undefined, never), 'EST-PENDING', /has not decided/);
    assert.equal(soon.retryAfterMs, 3_600_000);
    server.faults = { status: 202, retryAfter: new Date(clock.now().getTime() + 2 * dayMs).toUTCString() };
    const later = await refusal(est.enroll(undefined, undefined, never), 'EST-PENDING', /has not decided/);
    assert.ok(Math.abs((later.retryAfterMs ?? 0) - 2 * dayMs) <= 1000);
  });

  it('hands in the same request until the server has decided, and another one then', async () => {
    const est = await withBootstrap();
    server.faults = { status: 202 };
    await refusal(est.enroll(undefined, undefined, never), 'EST-PENDING', /has not decided/);
    server.faults = {};
    const first = await est.enroll(undefined, undefined, never);
    await est.enroll(undefined, undefined, never);
    const [before, decided, another] = server.requests.flatMap(({ csrKey }) => csrKey ?? []);
    assert.deepEqual([before, decided], [publicKeyOf(first), publicKeyOf(first)]);
    assert.notEqual(another, decided);
  });

  it('says when the server is down', async () => {
    server.faults = { down: true };
    await refusal(
      (await withBootstrap()).enroll(undefined, undefined, never),
      'EST-UNREACHABLE',
      /cannot get cacerts/,
    );
  });

  it('does not wait for ever for a server that is silent', async () => {
    const est = await withBootstrap();
    server.faults = { silent: true };
    const work = refusal(est.enroll(undefined, undefined, never), 'EST-UNREACHABLE', /no answer within 60 s/);
    await clock.untilSomebodySleeps();
    await clock.advance(minuteMs);
    await work;
  });

  it('ends with its signal', async () => {
    const est = await withBootstrap();
    server.faults = { silent: true };
    const stopping = new AbortController();
    const work = est.enroll(undefined, undefined, stopping.signal);
    await clock.untilSomebodySleeps();
    stopping.abort(new Error('stop'));
    await assert.rejects(work, /^Error: stop$/);
    assert.deepEqual(clock.sleeping, []);
  });

  it('trusts nobody but the authorities it was given', async () => {
    const other = await EstServer.start(scratch);
    const est = enroller({ trustedCerts: [other.caFile], username: estUser.username });
    await refusal(est.enroll(undefined, undefined, never), 'EST-UNREACHABLE', /certificate/);
    assert.deepEqual(server.requests, []);
  });

  describe('an answer that cannot be used is an EST-ANSWER', () => {
    const past = { notBefore: new Date('2020-01-01'), notAfter: new Date('2021-01-01') };
    const future = { notBefore: new Date('2090-01-01'), notAfter: new Date('2091-01-01') };
    const rows: readonly (readonly [string, EstServer['faults'], RegExp])[] = [
      ['for another name', { commonName: 'gw-2' }, /is for gw-2 and not for gw-1/],
      ['that has expired', { validity: past }, /valid from .*2020.* until .*2021/],
      ['that is not valid yet', { validity: future }, /valid from .*2090/],
      ['for another key', { otherKey: true }, /no certificate in it is for the key/],
      ['signed by a stranger', { stranger: true }, /not signed by any authority/],
      ['that is not base64', { body: '<html>sign in to the hotel</html>' }, /begins "<html>sign in/],
      ['that is no PKCS#7', { body: 'bm90IFBLQ1M3' }, /cannot use what cacerts/],
      ['that is cut off', { body: 'MIIBIjANBgkqhkiG9w0BAQ==' }, /cannot use what cacerts/],
      ['that is empty', { body: '' }, /not base64/],
    ];
    for (const [name, faults, says] of rows) {
      it(name, async () => {
        server.faults = faults;
        await refusal((await withBootstrap()).enroll(undefined, undefined, never), 'EST-ANSWER', says);
      });
    }
  });

  it('sends and tells no key and no password', async () => {
    const error = await refusal(
      enroller({ username: 'somebody' }).enroll(undefined, undefined, never),
      'EST-REFUSED',
      /401/,
    );
    assert.ok(!describeError(error).includes(estUser.password));
  });
});

/** SHA-256 of the public key as it stands in a CSR. */
function publicKeyOf({ privateKey }: X509Credential): string {
  const spki = createPublicKey(privateKey.reveal()).export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(spki).digest('hex');
}
