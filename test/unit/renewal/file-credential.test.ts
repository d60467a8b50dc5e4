import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { createDeviceCertificate } from '../../../src/certificates/certificate.ts';
import type { Credential } from '../../../src/certificates/certificate.ts';
import { CloudError } from '../../../src/cloud-error.ts';
import { Secret } from '../../../src/lib/secret.ts';
import type { X509Credential } from '../../../src/provisioning/credential.ts';
import { FileCredential } from '../../../src/renewal/file-credential.ts';
import { readLeaf } from '../../../src/renewal/leaf.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';
import { RecordingLog } from '../../fakes/recording-log.ts';
import { temporaryDirectory } from '../../fakes/temporary-directory.ts';

const intervalMs = 10_000;
const dayMs = 86_400_000;
const begin = new Date('2026-06-01T00:00:00Z');

describe('FileCredential', () => {
  let clock: FakeClock;
  let log: RecordingLog;
  let proved: X509Credential[];
  let onProve: () => Promise<void>;
  let adopted: number;

  beforeEach(() => {
    clock = new FakeClock(begin);
    log = new RecordingLog();
    proved = [];
    onProve = () => Promise.resolve();
    adopted = 0;
  });

  function pair(commonName = 'gw-1', fromDays = -1, untilDays = 365): Promise<Credential> {
    return createDeviceCertificate({
      commonName,
      validity: {
        notBefore: new Date(begin.getTime() + fromDays * dayMs),
        notAfter: new Date(begin.getTime() + untilDays * dayMs),
      },
    });
  }

  interface Watched {
    readonly source: FileCredential;
    readonly folder: string;
    readonly certificate: string;
    readonly key: string;
    readonly replace: (by: Credential) => Promise<void>;
    /** Two intervals and what the last led to: the files are looked at, found still, and taken. */
    readonly settle: () => Promise<void>;
  }

  /** A source over real files, running until the test is over. */
  async function watch(test: TestContext, first: Credential | undefined): Promise<Watched> {
    const folder = await temporaryDirectory(test);
    const [certificate, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    const source = new FileCredential({
      name: 'primary',
      files: [certificate, key],
      read: () => readPair(certificate, key, clock.now()),
      prove: (candidate) => {
        proved.push(candidate);
        return onProve();
      },
      adopted: () => {
        adopted += 1;
      },
      clock,
      random: () => 0,
      log,
    });
    const replace = async (by: Credential): Promise<void> => {
      await replaceFile(key, by.privateKeyPem);
      await replaceFile(certificate, by.certificatePem);
    };
    if (first !== undefined) await replace(first);
    await source.load();
    const stopping = new AbortController();
    const running = source.run(stopping.signal);
    test.after(async () => {
      stopping.abort();
      await running;
    });
    const settle = async (): Promise<void> => {
      for (let looks = 0; looks < 2; looks++) await look();
    };
    return { source, folder, certificate, key, replace, settle };
  }

  /** One interval, and the reading of files after it, until the source sleeps again. */
  async function look(): Promise<void> {
    await clock.untilSomebodySleeps();
    await clock.advance(intervalMs);
    await clock.untilSomebodySleeps();
  }

  it('gives what is in the files', async (t) => {
    const first = await pair();
    const { source } = await watch(t, first);
    assert.equal((await source.current()).certificate, first.certificatePem);
    assert.deepEqual(log.lines, []);
  });

  it('takes a replaced pair once it has kept still and was proved', async (t) => {
    const { source, replace } = await watch(t, await pair());
    const second = await pair();
    await replace(second);
    await look();
    assert.equal(proved.length, 0);
    await look();
    assert.deepEqual(
      proved.map(({ certificate }) => certificate),
      [second.certificatePem],
    );
    assert.equal((await source.current()).certificate, second.certificatePem);
    assert.equal(adopted, 0);
    assert.match(log.messages('info').at(-1) ?? '', /was replaced, and the new one is in use/);
  });

  it('uses the old one until the new one is proved', async (t) => {
    const first = await pair();
    const { source, replace } = await watch(t, first);
    let prove = (): void => undefined;
    const begun = new Promise<void>((asked) => {
      onProve = () => {
        asked();
        return new Promise((resolve) => {
          prove = resolve;
        });
      };
    });
    const second = await pair();
    await replace(second);
    await look();
    await clock.advance(intervalMs);
    await begun;
    assert.equal((await source.current()).certificate, first.certificatePem);
    prove();
    await clock.untilSomebodySleeps();
    assert.equal((await source.current()).certificate, second.certificatePem);
  });

  it('follows a link that is moved, as Kubernetes moves it', async (t) => {
    const { source, folder, certificate, key, settle } = await watch(t, undefined);
    const [first, second] = [await pair(), await pair()];
    for (const [name, made] of [
      ['one', first],
      ['two', second],
    ] as const) {
      await mkdir(join(folder, name));
      await writeFile(join(folder, name, 'cert.pem'), made.certificatePem);
      await writeFile(join(folder, name, 'key.pem'), made.privateKeyPem);
    }
    await symlink('one', join(folder, 'data'));
    await symlink('data/cert.pem', certificate);
    await symlink('data/key.pem', key);
    assert.equal((await source.current()).certificate, first.certificatePem);
    await symlink('two', join(folder, 'data.new'));
    await rename(join(folder, 'data.new'), join(folder, 'data'));
    await settle();
    assert.equal((await source.current()).certificate, second.certificatePem);
  });

  it('waits for a file that is still being written', async (t) => {
    const { certificate, key, source } = await watch(t, await pair());
    const second = await pair();
    await writeFile(key, second.privateKeyPem);
    await look();
    await writeFile(certificate, second.certificatePem.slice(0, 200));
    await look();
    await writeFile(certificate, second.certificatePem);
    await look();
    assert.deepEqual(log.lines, []);
    await look();
    assert.equal((await source.current()).certificate, second.certificatePem);
  });

  const bad: readonly (readonly [string, (watched: Watched) => Promise<void>, RegExp])[] = [
    [
      'whose key belongs to another',
      async ({ key }) => replaceFile(key, (await pair()).privateKeyPem),
      /do not belong together.*\[CERT-UNUSABLE\]/,
    ],
    ['that is no PEM', ({ certificate }) => replaceFile(certificate, 'oops'), /\[CERT-UNUSABLE\]/],
    ['that is gone', ({ certificate }) => rm(certificate), /ENOENT.*\[CERT-UNUSABLE\]/],
    ['that has expired', async ({ replace }) => replace(await pair('gw-1', -9, -1)), /\[CERT-EXPIRED\]/],
    [
      'for another name',
      async ({ replace }) => replace(await pair('gw-2')),
      /its common name is gw-2, and that of the one in use is gw-1 \[CERT-UNUSABLE\]/,
    ],
  ];
  for (const [name, spoil, says] of bad) {
    it(`refuses a pair ${name}, says so once, and goes on with the old one`, async (t) => {
      const first = await pair();
      const watched = await watch(t, first);
      await spoil(watched);
      await watched.settle();
      await watched.settle();
      assert.equal(proved.length, 0);
      assert.equal((await watched.source.current()).certificate, first.certificatePem);
      assert.deepEqual(
        log.lines.map(({ level }) => level),
        ['error'],
      );
      assert.match(log.messages('error')[0] ?? '', says);
      assert.match(log.messages('error')[0] ?? '', /the one in use goes on/);
    });
  }

  it('does not try a refused pair again until the files change', async (t) => {
    const first = await pair();
    const { source, replace, settle } = await watch(t, first);
    onProve = () => Promise.reject(new CloudError('HUB-CONNACK-5', 'connect to the hub'));
    await replace(await pair());
    await settle();
    for (let looks = 0; looks < 30; looks++) await look();
    assert.equal(proved.length, 1);
    assert.equal(log.messages('error').length, 1);
    assert.equal((await source.current()).certificate, first.certificatePem);

    onProve = () => Promise.resolve();
    const third = await pair();
    await replace(third);
    await settle();
    assert.equal((await source.current()).certificate, third.certificatePem);
  });

  it('tries a pair again that could not be tried, and says so once', async (t) => {
    const { source, replace, settle } = await watch(t, await pair());
    onProve = () => Promise.reject(new CloudError('NET-REFUSED', 'connect to the hub'));
    const second = await pair();
    await replace(second);
    await settle();
    for (let looks = 0; looks < 30; looks++) await look();
    assert.ok(proved.length >= 3 && proved.length <= 6, String(proved.length));
    assert.equal(log.messages('warn').length, 1);
    onProve = () => Promise.resolve();
    for (let looks = 0; looks < 30; looks++) await look();
    assert.equal((await source.current()).certificate, second.certificatePem);
  });

  it('takes a pair made for later when its time has come', async (t) => {
    const { source, replace, settle } = await watch(t, await pair());
    const second = await pair('gw-1', 1, 30);
    await replace(second);
    await settle();
    assert.match(log.messages('warn')[0] ?? '', /CERT-NOT-YET-VALID/);
    clock.stepWallClock(2 * dayMs);
    await look();
    assert.equal((await source.current()).certificate, second.certificatePem);
    assert.equal(log.messages('warn').length, 1);
  });

  it('says nothing when the files are written again as they were', async (t) => {
    const first = await pair();
    const { replace, certificate, settle } = await watch(t, first);
    await rm(certificate);
    await look();
    await replace(first);
    await settle();
    await settle();
    assert.deepEqual([proved, log.lines], [[], []]);
  });

  it('takes the first good pair without proof when there was none, and says that it has', async (t) => {
    const { source, replace, settle } = await watch(t, undefined);
    await assert.rejects(source.current(), { code: 'CERT-UNUSABLE' });
    const first = await pair();
    await replace(first);
    await settle();
    assert.deepEqual([proved.length, adopted], [0, 1]);
    assert.equal((await source.current()).certificate, first.certificatePem);
  });

  it('does so as well when the one in use has expired', async (t) => {
    const { source, replace, settle } = await watch(t, await pair('gw-1', -10, 5));
    clock.stepWallClock(6 * dayMs);
    await assert.rejects(source.current(), { code: 'CERT-EXPIRED' });
    const second = await pair();
    await replace(second);
    await settle();
    assert.deepEqual([proved.length, adopted], [0, 1]);
    assert.equal((await source.current()).certificate, second.certificatePem);
  });

  it('reads the files when asked while there is no valid one, without waiting for an interval', async (t) => {
    const { source, replace } = await watch(t, undefined);
    const first = await pair();
    await replace(first);
    assert.equal((await source.current()).certificate, first.certificatePem);
  });
});

async function replaceFile(path: string, content: string): Promise<void> {
  await writeFile(`${path}.new`, content);
  await rename(`${path}.new`, path);
}

/** As the agent reads them, as far as these tests go. */
async function readPair(certificatePath: string, keyPath: string, now: Date): Promise<X509Credential> {
  const { certificate, privateKey, leaf } = await usable(certificatePath, keyPath);
  if (now > leaf.notAfter) throw new CloudError('CERT-EXPIRED', `use ${certificatePath}`);
  if (now < leaf.notBefore) throw new CloudError('CERT-NOT-YET-VALID', `use ${certificatePath}`);
  const registrationId = leaf.commonName ?? '';
  const credential = {
    method: 'x509',
    name: 'primary',
    registrationId,
    certificate,
    privateKey: new Secret(privateKey),
  } as const;
  return credential;
}

async function usable(
  certificatePath: string,
  keyPath: string,
): Promise<{ certificate: string; privateKey: string; leaf: ReturnType<typeof readLeaf> }> {
  try {
    const [certificate, privateKey] = await Promise.all([
      readFile(certificatePath, 'utf8'),
      readFile(keyPath, 'utf8'),
    ]);
    const leaf = readLeaf(certificate);
    if (!leaf.certificate.checkPrivateKey(createPrivateKey(privateKey)))
      throw new Error('they do not belong together');
    return { certificate, privateKey, leaf };
  } catch (cause) {
    throw new CloudError('CERT-UNUSABLE', `use ${certificatePath}`, { cause });
  }
}
