import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createAuthority } from '../../../src/certificates/certificate.ts';
import { CloudError } from '../../../src/cloud-error.ts';
import type { FailureCode } from '../../../src/cloud-error.ts';
import { describeError } from '../../../src/lib/errors.ts';
import { Secret } from '../../../src/lib/secret.ts';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { validNow } from '../../support/certificate-files.ts';
import { proxyFor } from '../../support/proxy.ts';
import { Scratch } from '../../support/scratch.ts';
import { simulatorFor } from '../../support/simulator.ts';
import { someContent, soon, uploaderFor } from './uploads.ts';

let scratch: Scratch;
let simulator: Simulator;

beforeEach(async () => {
  scratch = new Scratch();
  simulator = await simulatorFor(scratch);
});
afterEach(() => scratch.clean());

const blob = (name: string): Buffer | undefined => simulator.blobs.get(name)?.content;
const outcomes = (): unknown[] => simulator.fileUploads.since().map(({ isSuccess }) => isSuccess);
const fails = (work: Promise<unknown>, code: FailureCode): Promise<void> =>
  assert.rejects(work, (error) => {
    assert.ok(error instanceof CloudError, describeError(error));
    assert.equal(error.code, code, describeError(error));
    assert.ok(!describeError(error).includes('sig='));
    return true;
  });

describe('a file upload through the hub', () => {
  for (const method of ['symmetric_key', 'x509'] as const) {
    it(`brings what fits into one block at once, with a ${method}`, async () => {
      const { uploads, options, progress } = await uploaderFor(simulator, { method });
      const { all, chunks } = someContent(999);
      const file = await uploads.upload('logs/day one.txt', chunks, all.length, options);
      assert.deepEqual(file, { blobName: 'gw-1/logs/day one.txt', bytes: 999 });
      assert.deepEqual(blob('gw-1/logs/day one.txt'), all);
      assert.equal(simulator.blobs.get('gw-1/logs/day one.txt')?.contentType, 'text/plain');
      assert.deepEqual(progress, [{ sentBytes: 999, totalBytes: 999 }]);
      assert.deepEqual(outcomes(), [undefined, true]);
    });
  }

  for (const bytes of [0, 1, 1000, 1001, 2000, 5432]) {
    it(`brings ${bytes} bytes whole, in order`, async () => {
      const { uploads, options, progress } = await uploaderFor(simulator);
      const { all, chunks } = someContent(bytes);
      assert.equal((await uploads.upload('a', chunks, undefined, options)).bytes, bytes);
      assert.deepEqual(blob('gw-1/a'), all);
      assert.deepEqual(progress.at(-1), { sentBytes: bytes });
    });
  }

  it('uses one connection to each server, and counts what goes over it', async () => {
    const { uploads, options, wire } = await uploaderFor(simulator);
    const { all, chunks } = someContent(20_000);
    await uploads.upload('a', chunks, undefined, options);
    const { sent } = wire.totals;
    // Two handshakes and 23 requests; with a handshake for each it would be far more.
    assert.ok(sent > all.length && sent < all.length + 20_000, `${sent}`);
  });

  it('goes through the proxy, with the hub and the storage by name', async () => {
    const proxy = await proxyFor(scratch, { credentials: 'me:secret' });
    const own = { host: '127.0.0.1', port: proxy.port, authorization: new Secret('me:secret') };
    const { uploads, options } = await uploaderFor(simulator, { proxy: own });
    const { all, chunks } = someContent(3000);
    await uploads.upload('a', chunks, undefined, options);
    assert.deepEqual(blob('gw-1/a'), all);
    const name = simulator.hubs[0]?.name;
    assert.deepEqual(proxy.tunnels, [name, name]);
  });

  it('says so when the proxy wants other credentials', async () => {
    const proxy = await proxyFor(scratch, { credentials: 'me:secret' });
    const { uploads, options } = await uploaderFor(simulator, {
      proxy: { host: '127.0.0.1', port: proxy.port },
    });
    await fails(uploads.upload('a', someContent(10).chunks, undefined, options), 'PROXY-407');
    assert.equal(proxy.unauthorized(), 1);
  });

  it('tries each request again that fails in a way that may pass', async () => {
    const { uploads, options } = await uploaderFor(simulator);
    simulator.faults.add({ kind: 'file-upload-error', status: 503, step: 'begin', times: 2 });
    simulator.faults.add({ kind: 'file-upload-error', status: 429, retryAfter: 0, step: 'finish', times: 2 });
    simulator.faults.add({ kind: 'blob-error', status: 503, times: 3 });
    simulator.faults.add({ kind: 'blob-drop', times: 3 });
    const { all, chunks } = someContent(4500);
    await uploads.upload('a', chunks, undefined, options);
    assert.deepEqual(blob('gw-1/a'), all);
    assert.deepEqual(outcomes(), [undefined, true]);
    assert.deepEqual(simulator.faults.list(), []);
  });

  it('is done even if every answer of the storage is lost once', async () => {
    const { uploads, options } = await uploaderFor(simulator, { limits: { blockBytes: 10_000 } });
    const { all, chunks } = someContent(15_000);
    // The block list, too, is sent again after it was carried out.
    simulator.faults.add({ kind: 'blob-drop', times: 1 });
    const again = {
      ...options,
      onProgress: () => simulator.faults.add({ kind: 'blob-drop', times: 1 }),
    };
    await uploads.upload('a', chunks, undefined, again);
    assert.deepEqual(blob('gw-1/a'), all);
  });

  it('gives up after so many attempts, and tells the hub that it failed', async () => {
    const { uploads, options, log } = await uploaderFor(simulator);
    simulator.faults.add({ kind: 'blob-error', status: 500 });
    await fails(uploads.upload('a', someContent(10).chunks, undefined, options), 'UPLOAD-STORAGE');
    assert.equal(log.messages('info').filter((line) => line.endsWith('trying again')).length, 3);
    assert.deepEqual(outcomes(), [undefined, false]);
    assert.match(simulator.fileUploads.since()[1]?.statusDescription ?? '', /it answered 500/);
  });

  it('does not repeat what is refused', async () => {
    const { uploads, options, log } = await uploaderFor(simulator);
    simulator.faults.add({ kind: 'blob-error', status: 403, times: 1 });
    await fails(uploads.upload('a', someContent(10).chunks, undefined, options), 'UPLOAD-STORAGE-REFUSED');
    simulator.registry.deleteDevice('gw-1');
    await fails(uploads.upload('a', someContent(10).chunks, undefined, options), 'UPLOAD-REFUSED');
    assert.deepEqual(log.lines, []);
  });

  it('asks again, but not for ever, while ten of the device are under way', async () => {
    const { uploads, options, log } = await uploaderFor(simulator);
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const held = async function* (): AsyncGenerator<Buffer> {
      await gate;
      yield Buffer.from('x');
    };
    const ten = Array.from({ length: 10 }, (_, index) => uploads.upload(`${index}`, held(), 1, options));
    await simulator.fileUploads.waitFor(({ sequence }) => sequence === 10, soon());
    await fails(uploads.upload('a', someContent(10).chunks, undefined, options), 'UPLOAD-BUSY');
    assert.equal(log.messages('info').length, 3);
    open();
    await Promise.all(ten);
    await uploads.upload('a', someContent(10).chunks, undefined, options);
  });

  it('fails with what its content fails with, tells the hub, and lets go of the content', async () => {
    const { uploads, options } = await uploaderFor(simulator);
    let isLetGo = false;
    const content = async function* (): AsyncGenerator<Buffer> {
      try {
        yield Buffer.alloc(5000);
        await Promise.resolve();
        throw new Error('the disk is gone');
      } finally {
        isLetGo = true;
      }
    };
    await assert.rejects(uploads.upload('a', content(), undefined, options), /the disk is gone/);
    assert.ok(isLetGo);
    assert.equal(blob('gw-1/a'), undefined);
    assert.deepEqual(outcomes(), [undefined, false]);
  });

  it('ends when it is told to, tells the hub, and lets go of the content', async () => {
    const stopping = new AbortController();
    const { uploads, options } = await uploaderFor(simulator, { signal: stopping.signal });
    const end = new Promise<void>((resolve) => {
      const content = async function* (): AsyncGenerator<Buffer> {
        try {
          for (;;) {
            await Promise.resolve();
            yield Buffer.alloc(500);
          }
        } finally {
          resolve();
        }
      };
      const onProgress = (): void => {
        stopping.abort(new Error('the agent is stopping'));
      };
      void assert.rejects(
        uploads.upload('a', content(), undefined, { ...options, onProgress }),
        /the agent is stopping/,
      );
    });
    await end;
    const { isSuccess } = await simulator.fileUploads.waitFor(({ step }) => step === 'finish', soon());
    assert.equal(isSuccess, false);
  });

  it('is over when its time is', async () => {
    const { uploads, options } = await uploaderFor(simulator, { limits: { deadlineMs: 50 } });
    simulator.faults.add({ kind: 'blob-slow', ms: 5000 });
    await fails(uploads.upload('a', someContent(10).chunks, undefined, options), 'UPLOAD-TIMEOUT');
  });

  it('trusts nobody whom it does not know, and does not ask twice', async () => {
    const other = await createAuthority({ commonName: 'another root', validity: validNow() });
    const { uploads, options, log } = await uploaderFor(simulator, { ca: other.certificatePem });
    await fails(uploads.upload('a', someContent(10).chunks, undefined, options), 'TLS-UNTRUSTED');
    assert.deepEqual(log.lines, []);
  });

  it('says what is in the way of the hub', async () => {
    const { uploads, options } = await uploaderFor(simulator, { requestTimeoutMs: 100 });
    simulator.faults.add({ kind: 'refuse-tcp', how: 'closed' });
    await fails(uploads.upload('a', someContent(10).chunks, undefined, options), 'NET-REFUSED');
  });
});

describe('an upload to a SAS URL', () => {
  it('goes past the hub', async () => {
    const { uploads, options } = await uploaderFor(simulator);
    const { all, chunks } = someContent(2500);
    const url = new Secret(simulator.blobUrl('cases/4711/log one.gz'));
    const file = await uploads.uploadTo(url, chunks, undefined, options);
    assert.deepEqual(file, { blobName: 'cases/4711/log one.gz', bytes: 2500 });
    assert.deepEqual(blob('cases/4711/log one.gz'), all);
    assert.deepEqual(simulator.fileUploads.since(), []);
  });

  it('needs a whole one, by https', async () => {
    const { uploads, options } = await uploaderFor(simulator);
    const good = simulator.blobUrl('a');
    const bad = [
      'nonsense',
      good.replace('https:', 'http:'),
      good.replace('https://', 'https://user:sig=pw@'),
      good.replace(/\?.*$/, ''),
      good.replace('/uploads/a', '/a'),
    ];
    for (const url of bad)
      await fails(
        uploads.uploadTo(new Secret(url), someContent(10).chunks, undefined, options),
        'UPLOAD-URL',
      );
  });

  it('is refused when the URL has expired', async () => {
    const { uploads, options } = await uploaderFor(simulator);
    const url = new Secret(simulator.blobUrl('a', -10));
    await fails(uploads.uploadTo(url, someContent(10).chunks, undefined, options), 'UPLOAD-STORAGE-REFUSED');
  });
});
