import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { createDeviceCertificate } from '../../../src/certificates/certificate.ts';
import type { Credential } from '../../../src/certificates/certificate.ts';
import { thumbprintsOf } from '../../../src/certificates/thumbprint.ts';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import type { UploadGrant } from '../../../src/simulator/file-upload.ts';
import { validNow } from '../../support/certificate-files.ts';
import { control, deadline, simulatorFor } from './support.ts';
import { inAnHour, sasToken } from './wire.ts';

const key = Buffer.alloc(32, 1).toString('base64');
const version = 'api-version=2021-04-12';

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

interface Call {
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
  readonly proof?: Credential;
}

/** One HTTPS request on a connection of its own. */
async function call(simulator: Simulator, method: string, url: string, given: Call = {}): Promise<Answer> {
  const { headers = {}, body = '', proof } = given;
  const sent = request(url, {
    method,
    agent: false,
    ca: simulator.caPem,
    signal: deadline(),
    headers: { 'content-length': Buffer.byteLength(body), ...headers },
    ...(proof === undefined ? {} : { cert: proof.certificatePem, key: proof.privateKeyPem }),
  });
  sent.end(body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) };
}

async function simulatorWithDevice(t: TestContext): Promise<Simulator> {
  const simulator = await simulatorFor(t);
  const symmetricKey = { primaryKey: key, secondaryKey: key };
  simulator.registry.putDevice('gw-1', { authentication: { symmetricKey } });
  simulator.registry.putDevice('gw-2', { authentication: { symmetricKey } });
  return simulator;
}

const hubUrl = (simulator: Simulator, path: string): string =>
  `https://${simulator.hubs[0]?.name ?? ''}${path}?${version}`;

function token(simulator: Simulator, device = 'gw-1', expiry = inAnHour()): Record<string, string> {
  const resource = `${simulator.hubs[0]?.name ?? ''}/devices/${device}`;
  return { authorization: sasToken(resource, key, expiry), 'content-type': 'application/json' };
}

async function begin(simulator: Simulator, blobName = 'log.txt'): Promise<UploadGrant> {
  const answer = await call(simulator, 'POST', hubUrl(simulator, '/devices/gw-1/files'), {
    headers: token(simulator),
    body: JSON.stringify({ blobName }),
  });
  assert.equal(answer.status, 200, answer.body.toString());
  return JSON.parse(answer.body.toString()) as UploadGrant;
}

const finish = (simulator: Simulator, body: object, inPath = ''): Promise<Answer> =>
  call(simulator, 'POST', hubUrl(simulator, `/devices/gw-1/files/notifications${inPath}`), {
    headers: token(simulator),
    body: JSON.stringify(body),
  });

const blobUrl = ({ hostName, containerName, blobName, sasToken: sas }: UploadGrant): string =>
  `https://${hostName}/${containerName}/${blobName}${sas}`;

const blockBlob = { 'x-ms-blob-type': 'BlockBlob' };

describe('a file upload', () => {
  it('is begun, brought and told to be over', async (t) => {
    const simulator = await simulatorWithDevice(t);
    const grant = await begin(simulator, 'logs/a b.txt');
    assert.equal(grant.blobName, 'gw-1/logs/a b.txt');
    const { correlationId } = grant;
    const put = await call(simulator, 'PUT', blobUrl(grant), {
      headers: { ...blockBlob, 'content-type': 'text/plain' },
      body: 'hello',
    });
    assert.equal(put.status, 201);
    const told = { correlationId, isSuccess: true, statusCode: 201, statusDescription: 'Created' };
    assert.equal((await finish(simulator, told)).status, 204);

    const blob = simulator.blobs.get('gw-1/logs/a b.txt');
    assert.equal(blob?.content.toString(), 'hello');
    assert.equal(blob.contentType, 'text/plain');
    const [, end] = simulator.fileUploads.since();
    assert.deepEqual(
      { ...end, sequence: 0, time: '', correlationId: '' },
      {
        sequence: 0,
        time: '',
        hub: simulator.hubs[0]?.name,
        device: 'gw-1',
        correlationId: '',
        step: 'finish',
        blobName: 'gw-1/logs/a b.txt',
        isSuccess: true,
        statusCode: 201,
        statusDescription: 'Created',
      },
    );
  });

  it('ends by the older path too, once', async (t) => {
    const simulator = await simulatorWithDevice(t);
    const { correlationId } = await begin(simulator);
    const path = `/${encodeURIComponent(correlationId)}`;
    assert.equal((await finish(simulator, { isSuccess: false, statusCode: 500 }, path)).status, 204);
    assert.equal((await finish(simulator, { isSuccess: false, statusCode: 500 }, path)).status, 404);
  });

  it('is refused without a valid token of this device', async (t) => {
    const simulator = await simulatorWithDevice(t);
    const post = (headers: Record<string, string>): Promise<Answer> =>
      call(simulator, 'POST', hubUrl(simulator, '/devices/gw-1/files'), {
        headers,
        body: '{"blobName":"a"}',
      });
    for (const headers of [{}, token(simulator, 'gw-2'), token(simulator, 'gw-1', inAnHour() - 7200)]) {
      const answer = await post(headers);
      assert.equal(answer.status, 401);
      assert.equal(answer.headers['iothub-errorcode'], 'Unauthorized');
    }
    simulator.registry.putDevice('gw-1', { status: 'disabled' });
    assert.equal((await post(token(simulator))).status, 401);
    assert.deepEqual(simulator.fileUploads.since(), []);
  });

  it('goes by the client certificate of a device that has one', async (t) => {
    const simulator = await simulatorWithDevice(t);
    const own = await createDeviceCertificate({ commonName: 'gw-x', validity: validNow() });
    const other = await createDeviceCertificate({ commonName: 'gw-x', validity: validNow() });
    const primaryThumbprint = thumbprintsOf(own.certificatePem).sha256;
    simulator.registry.putDevice('gw-x', {
      authentication: { type: 'selfSigned', x509Thumbprint: { primaryThumbprint } },
    });
    const url = hubUrl(simulator, '/devices/gw-x/files');
    const body = '{"blobName":"a"}';
    assert.equal((await call(simulator, 'POST', url, { body, proof: own })).status, 200);
    assert.equal((await call(simulator, 'POST', url, { body, proof: other })).status, 401);
    assert.equal((await call(simulator, 'POST', url, { body })).status, 401);
  });

  it('needs an api-version, a name and POST', async (t) => {
    const simulator = await simulatorWithDevice(t);
    const url = hubUrl(simulator, '/devices/gw-1/files');
    const headers = token(simulator);
    assert.equal(
      (await call(simulator, 'POST', url.split('?')[0] ?? '', { headers, body: '{}' })).status,
      400,
    );
    assert.equal((await call(simulator, 'POST', url, { headers, body: '{}' })).status, 400);
    assert.equal((await call(simulator, 'POST', url, { headers, body: 'no JSON' })).status, 400);
    assert.equal((await call(simulator, 'GET', url, { headers })).status, 400);
    assert.equal((await call(simulator, 'GET', hubUrl(simulator, '/devices/gw-1'), { headers })).status, 404);
  });

  it('is one of ten of its device at most', async (t) => {
    const simulator = await simulatorWithDevice(t);
    const grants: UploadGrant[] = [];
    for (let count = 0; count < 10; count += 1) grants.push(await begin(simulator, `${count}`));
    const eleventh = (): Promise<Answer> =>
      call(simulator, 'POST', hubUrl(simulator, '/devices/gw-1/files'), {
        headers: token(simulator),
        body: '{"blobName":"11"}',
      });
    const refused = await eleventh();
    assert.equal(refused.status, 403);
    assert.match(refused.body.toString(), /403006/);
    const { correlationId } = grants[0] ?? { correlationId: '' };
    await finish(simulator, { correlationId, isSuccess: true, statusCode: 201 });
    assert.equal((await eleventh()).status, 200);
  });

  it('is answered as a fault wants it', async (t) => {
    const simulator = await simulatorWithDevice(t);
    simulator.faults.add({ kind: 'file-upload-error', status: 429, retryAfter: 7, step: 'finish', times: 1 });
    const { correlationId } = await begin(simulator);
    const over = { correlationId, isSuccess: true, statusCode: 201 };
    const refused = await finish(simulator, over);
    assert.deepEqual([refused.status, refused.headers['retry-after']], [429, '7']);
    assert.equal((await finish(simulator, over)).status, 204);
  });
});

describe('the blob endpoint', () => {
  it('makes a blob of blocks, in the order of the list', async (t) => {
    const simulator = await simulatorWithDevice(t);
    const url = simulator.blobUrl('any/thing');
    const id = (text: string): string => Buffer.from(text).toString('base64');
    for (const [block, body] of [
      ['b', ' world'],
      ['a', 'hello'],
    ] as const) {
      const at = `${url}&comp=block&blockid=${encodeURIComponent(id(block))}`;
      assert.equal((await call(simulator, 'PUT', at, { body })).status, 201);
    }
    assert.equal(simulator.blobs.get('any/thing'), undefined);
    const list = (ids: string[]): Promise<Answer> =>
      call(simulator, 'PUT', `${url}&comp=blocklist`, {
        headers: { 'x-ms-blob-content-type': 'text/plain' },
        body: `<?xml version="1.0"?><BlockList>${ids.map((each) => `<Latest>${each}</Latest>`).join('')}</BlockList>`,
      });
    assert.equal((await list([id('a'), id('c')])).status, 400);
    assert.equal((await list([id('a'), id('b')])).status, 201);
    assert.equal(simulator.blobs.get('any/thing')?.content.toString(), 'hello world');
    assert.equal((await call(simulator, 'GET', url)).body.toString(), 'hello world');
  });

  it('refuses a signature that is changed, expired, for another blob or for reading only', async (t) => {
    const simulator = await simulatorWithDevice(t);
    const put = async (url: string): Promise<unknown> => {
      const answer = await call(simulator, 'PUT', url, { headers: blockBlob, body: 'x' });
      return [answer.status, answer.headers['x-ms-error-code']];
    };
    const good = simulator.blobUrl('one');
    const host = good.slice(0, good.indexOf('/uploads/'));
    assert.deepEqual(await put(good.replace('sig=', 'sig=A')), [403, 'AuthenticationFailed']);
    assert.deepEqual(await put(good.replace(/se=\d{4}/, 'se=2099')), [403, 'AuthenticationFailed']);
    assert.deepEqual(await put(simulator.blobUrl('one', -1)), [403, 'AuthenticationFailed']);
    assert.deepEqual(await put(good.replace('/one?', '/two?')), [403, 'AuthenticationFailed']);
    assert.deepEqual(await put(good.split('?')[0] ?? ''), [403, 'AuthenticationFailed']);
    assert.deepEqual(await put(`${host}/uploads/one${simulator.blobs.grant('one', 60, 'r')}`), [
      403,
      'AuthorizationPermissionMismatch',
    ]);
    assert.deepEqual(await put(good), [201, undefined]);
  });

  it('keeps what is there when only something new may be put, and wants the type', async (t) => {
    const simulator = await simulatorWithDevice(t);
    const url = simulator.blobUrl('one');
    assert.equal((await call(simulator, 'PUT', url, { body: 'x' })).status, 400);
    const onlyNew = { headers: { ...blockBlob, 'if-none-match': '*' }, body: 'first' };
    assert.equal((await call(simulator, 'PUT', url, onlyNew)).status, 201);
    assert.equal((await call(simulator, 'PUT', url, { ...onlyNew, body: 'second' })).status, 409);
    assert.equal(simulator.blobs.get('one')?.content.toString(), 'first');
  });

  it('takes no more than it may keep', async (t) => {
    const simulator = await simulatorWithDevice(t);
    const body = Buffer.alloc(simulator.blobs.limits.maxBlobBytes + 1);
    const answer = await call(simulator, 'PUT', simulator.blobUrl('big'), { headers: blockBlob, body });
    assert.equal(answer.status, 413);
    assert.equal(simulator.blobs.get('big'), undefined);
  });

  it('fails and drops as faults want it', async (t) => {
    const simulator = await simulatorWithDevice(t);
    const put = (): Promise<Answer> =>
      call(simulator, 'PUT', simulator.blobUrl('gw-1/one'), { headers: blockBlob, body: 'x' });
    simulator.faults.add({ kind: 'blob-error', status: 503, device: 'gw-1', times: 1 });
    assert.equal((await put()).status, 503);
    simulator.faults.add({ kind: 'blob-drop', times: 1 });
    await assert.rejects(put(), /socket hang up|ECONNRESET/);
    simulator.faults.add({ kind: 'blob-slow', ms: 30, times: 1 });
    const startedAt = performance.now();
    assert.equal((await put()).status, 201);
    assert.ok(performance.now() - startedAt >= 30);
  });

  it('can be looked into, and given a URL for, through the control API', async (t) => {
    const simulator = await simulatorWithDevice(t);
    const { status, body } = await control(simulator, 'POST', '/simulator/blobs/site%2Fone');
    assert.equal(status, 201);
    const { sasUrl } = body as { sasUrl: string };
    await call(simulator, 'PUT', sasUrl, { headers: blockBlob, body: '"x"' });
    const list = (await control(simulator, 'GET', '/simulator/blobs')).body as {
      name: string;
      bytes: number;
    }[];
    assert.deepEqual(
      list.map(({ name, bytes }) => [name, bytes]),
      [['site/one', 3]],
    );
    assert.equal((await control(simulator, 'GET', '/simulator/blobs/site%2Fone')).body, 'x');
    assert.equal((await control(simulator, 'GET', '/simulator/blobs/other')).status, 404);
    await begin(simulator);
    const uploads = (await control(simulator, 'GET', '/simulator/file-uploads')).body as { step: string }[];
    assert.deepEqual(
      uploads.map(({ step }) => step),
      ['begin'],
    );
  });
});
