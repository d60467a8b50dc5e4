import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import fc from 'fast-check';
import { promisify } from 'node:util';
import { SystemClock } from '../../../src/lib/clock.ts';
import { Secret } from '../../../src/lib/secret.ts';
import { bundleParts } from '../../../src/uploads/bundle-parts.ts';
import { makeBundle } from '../../../src/uploads/bundle.ts';
import type { BundleManifest, BundleOptions } from '../../../src/uploads/bundle.ts';
import { gzipped } from '../../../src/uploads/gzipped.ts';
import { Scrubber } from '../../../src/uploads/scrubber.ts';
import { tarFile } from '../../../src/uploads/tar.ts';
import { temporaryDirectory } from '../../fakes/temporary-directory.ts';

const now = new Date('2026-11-22T09:00:00Z');
const system = new SystemClock();
/** A clock that stands still for people. */
const clock = { now: () => now, monotonic: () => system.monotonic(), sleep: system.sleep.bind(system) };
const key = Buffer.from('the key of the device, 32 bytes!').toString('base64');

interface Manifest extends BundleManifest {
  readonly madeBy?: string;
}

/** What the system's own tar makes of a bundle. */
async function unpack(
  test: TestContext,
  options: Partial<BundleOptions>,
): Promise<{ files: Map<string, string>; manifest: Manifest }> {
  const folder = await temporaryDirectory(test);
  const scrubber = new Scrubber([new Secret(key)]);
  const chunks: Buffer[] = [];
  for await (const chunk of makeBundle({ parts: [], scrubber, clock, ...options })) chunks.push(chunk);
  const archive = join(folder, 'bundle.tar.gz');
  await writeFile(archive, Buffer.concat(chunks));
  await promisify(execFile)('tar', ['-xzf', archive, '-C', folder]);
  const names = (await readdir(folder)).filter((name) => name !== 'bundle.tar.gz');
  const files = new Map<string, string>();
  for (const name of names) files.set(name, await readFile(join(folder, name), 'utf8'));
  return { files, manifest: JSON.parse(files.get('manifest.json') ?? '') as Manifest };
}

describe('a support bundle', () => {
  it('is an archive of its parts with a manifest of what is in it', async (test) => {
    const parts = bundleParts({
      status: () => ({ state: 'connected' }),
      effectiveConfig: () => Promise.resolve('log:\n  level: info\n'),
      logs: () => ['{"msg":"one"}', '{"msg":"two"}'],
      versions: () => ({ agent: '0.1.0' }),
      metrics: () => 'up 1\n',
      metricsHistory: () => 'time\r\n',
      check: () => 'ok\n',
      journal: async function* () {
        yield await Promise.resolve('from the journal');
      },
      machine: [{ name: 'unit.txt', content: () => 'Environment=' }],
    });
    const { files, manifest } = await unpack(test, { parts });
    assert.equal(files.get('logs.ndjson'), '{"msg":"one"}\n{"msg":"two"}\n');
    assert.deepEqual(JSON.parse(files.get('status.json') ?? ''), { state: 'connected' });
    assert.equal(files.get('effective-config.txt'), 'log:\n  level: info\n');
    assert.equal(manifest.createdAt, '2026-11-22T09:00:00.000Z');
    const names = [
      ...['versions.json', 'status.json', 'check.txt', 'effective-config.txt', 'unit.txt', 'metrics.txt'],
      ...['metrics-history.csv', 'logs.ndjson', 'journal.ndjson'],
    ];
    assert.deepEqual(
      manifest.files.map(({ name }) => name),
      names,
    );
    for (const { name, bytes, sha256 } of manifest.files) {
      const content = files.get(name) ?? '';
      assert.equal(bytes, Buffer.byteLength(content));
      assert.equal(sha256, createHash('sha256').update(content).digest('hex'));
    }
  });

  it('holds no secret, in whatever part and form it stands, nor in what went wrong', async (test) => {
    const forms = [
      key,
      encodeURIComponent(key),
      Buffer.from(key).toString('base64'),
      `sig=${'a'.repeat(44)}&se=1`,
    ];
    const parts = [
      ...forms.map((form, index) => ({ name: `${index}.txt`, content: () => `before ${form} after` })),
      {
        name: 'x',
        content: () => {
          throw new Error(`cannot use ${key}`);
        },
      },
    ];
    const { files } = await unpack(test, { parts });
    const all = [...files.values()].join('\n');
    for (const form of forms) assert.ok(!all.includes(form), form);
    assert.equal(files.get('0.txt'), 'before [secret] after');
  });

  it('goes on without a part that cannot be had, and says why', async (test) => {
    const parts = [
      { name: 'a', content: () => Promise.reject(new Error('no such thing')) },
      { name: 'b', content: () => 'there' },
    ];
    const { files, manifest } = await unpack(test, { parts });
    assert.deepEqual([...files.keys()].toSorted(), ['b', 'manifest.json']);
    assert.deepEqual(manifest.files[0], { name: 'a', error: 'no such thing' });
  });

  it('is cut to its size, where it hurts least, and says so', async (test) => {
    const lines = Array.from({ length: 1000 }, (_, index) => `line ${index}`);
    const all = `${lines.join('\n')}\n`.length;
    const parts = [
      { name: 'small', content: () => 'x'.repeat(3000) },
      { name: 'log', content: () => lines, keep: 'end' as const },
      { name: 'late', content: () => 'no room' },
    ];
    const { files, manifest } = await unpack(test, { parts, maxBytes: 4000 });
    assert.equal(files.get('small')?.length, 3000);
    const log = files.get('log') ?? '';
    assert.ok(log.length <= 1000 && log.length > 980);
    assert.match(log, /^line \d+\n[^]*line 999\n$/);
    assert.equal(manifest.files[1]?.omittedBytes, all - log.length);
    const begin = await unpack(test, { parts: [{ name: 'a', content: () => 'x'.repeat(50) }], maxBytes: 20 });
    assert.deepEqual([begin.files.get('a')?.length, begin.manifest.files[0]?.omittedBytes], [20, 30]);
  });

  it('holds no more of an endless log than there is room for', async (test) => {
    let made = 0;
    const lines = async function* (): AsyncGenerator<string> {
      for (; made < 200_000; made += 1) yield await Promise.resolve(`line ${made}`);
    };
    const parts = [
      { name: 'end', content: lines, keep: 'end' as const },
      { name: 'begin', content: lines },
    ];
    const { files } = await unpack(test, { parts, maxBytes: 10_000 });
    assert.match(files.get('end') ?? '', /line 199999\n$/);
    assert.equal(files.get('begin'), '');
  });

  it('does not wait for a part for ever', async (test) => {
    const stuck = {
      name: 'stuck',
      content: () => new Promise<string>(() => undefined),
      deadlineMs: 20,
    };
    const { files, manifest } = await unpack(test, { parts: [stuck, { name: 'b', content: () => 'there' }] });
    assert.equal(files.get('b'), 'there');
    assert.equal(manifest.files[0]?.error, 'cannot have stuck within 0.02 s');
  });

  it('says what was taken out, by which rule and how often, and who made it', async (test) => {
    const parts = [
      { name: 'a', content: () => `${key} and ${key}, Bearer abcdefghijk` },
      { name: 'b', content: () => 'http://me:pw@proxy/' },
    ];
    const { manifest } = await unpack(test, { parts, about: { madeBy: 'a test' } });
    assert.deepEqual(
      manifest.files.map(({ redacted }) => redacted),
      [{ 'known secret': 2, authorization: 1 }, { 'password in a URL': 1 }],
    );
    assert.deepEqual(manifest.redacted, { 'known secret': 2, authorization: 1, 'password in a URL': 1 });
    assert.equal(manifest.madeBy, 'a test');
  });

  it('lets no secret through, whatever it is made of and however it is written', async (test) => {
    const anySecret = fc.string({ unit: 'grapheme-ascii', minLength: 8, maxLength: 60 }).filter(
      // What is trimmed away or may stand in the manifest of itself is no secret.
      (text) => text.trim() === text && /^(?=.*[^a-z0-9])(?=.*[A-Z])(?=.*[0-9])/.test(text),
    );
    const writings: ((secret: string) => string)[] = [
      (secret) => secret,
      (secret) => Buffer.from(secret).toString('base64'),
      (secret) => Buffer.from(secret).toString('base64url'),
      (secret) => encodeURIComponent(secret),
      (secret) => JSON.stringify(secret),
      (secret) => JSON.stringify({ MESSAGE: JSON.stringify({ msg: `using ${secret} now` }) }),
      (secret) => `one\n${secret}\nthree`,
    ];
    await fc.assert(
      fc.asyncProperty(fc.array(anySecret, { minLength: 1, maxLength: 3 }), async (secrets) => {
        const texts = secrets.flatMap((secret) => writings.map((write) => write(secret)));
        const parts = [
          { name: 'text', content: () => texts.join(' | ') },
          { name: 'lines', content: () => texts, keep: 'end' as const },
          { name: 'broken', content: () => Promise.reject(new Error(texts.join(' | '))) },
        ];
        const scrubber = new Scrubber(secrets.map((secret) => new Secret(secret)));
        const { files } = await unpack(test, { parts, scrubber });
        for (const text of files.values())
          for (const secret of secrets)
            for (const form of writings.slice(0, 4))
              assert.ok(!text.includes(form(secret)), `${form(secret)} in ${text}`);
      }),
      { numRuns: 40 },
    );
  });

  it('has no name that would not be found again', () => {
    assert.throws(() => tarFile('ä', Buffer.alloc(0), now), /cannot archive/);
    assert.throws(() => tarFile('x'.repeat(101), Buffer.alloc(0), now), /cannot archive/);
  });
});

describe('the scrubber', () => {
  it('takes out each line of a secret of several lines', () => {
    const pem = `-----BEGIN EC PRIVATE KEY-----\n${'Ab1'.repeat(20)}\n-----END EC PRIVATE KEY-----`;
    const scrubber = new Scrubber([new Secret(pem)]);
    assert.equal(scrubber.scrub(`x ${'Ab1'.repeat(20)} y`), 'x [secret] y');
    assert.equal(scrubber.scrub(JSON.stringify({ pem })), '{"pem":"[secret]"}');
    assert.equal(new Scrubber([]).scrub(`a ${pem} b`), 'a [secret] b');
  });

  it('knows passwords in URLs, tokens and signatures by their looks', () => {
    const scrub = (text: string): string => new Scrubber([]).scrub(text);
    assert.equal(scrub('http://me:pw@proxy:3128/'), 'http://[secret]@proxy:3128/');
    assert.equal(
      scrub('SharedAccessSignature sr=h&sig=abc%3D&se=1'),
      'SharedAccessSignature sr=h&sig=[secret]&se=1',
    );
    assert.equal(scrub('HostName=h;SharedAccessKey=abc='), 'HostName=h;SharedAccessKey=[secret]');
    assert.equal(scrub('Authorization: Bearer abcdefghijk'), 'Authorization: Bearer [secret]');
  });

  it('leaves alone what is no secret, and does not take a short word for one', () => {
    const scrubber = new Scrubber([new Secret('info')]);
    assert.equal(scrubber.scrub('{"level":"info","time":"2026"}'), '{"level":"info","time":"2026"}');
  });
});

describe('what is gzipped', () => {
  it('fails with its source, and lets it go when nobody reads on', async () => {
    let isLetGo = false;
    const source = async function* (): AsyncGenerator<string> {
      try {
        for (;;) {
          await Promise.resolve();
          yield 'x'.repeat(100_000) + String(Math.random());
        }
      } finally {
        isLetGo = true;
      }
    };
    for await (const chunk of gzipped(source())) {
      assert.ok(chunk.length > 0);
      break;
    }
    assert.ok(isLetGo);
    const broken = async function* (): AsyncGenerator<string> {
      yield await Promise.resolve('begin');
      throw new Error('the disk is gone');
    };
    await assert.rejects(async () => {
      for await (const chunk of gzipped(broken())) assert.ok(chunk.length > 0);
    }, /the disk is gone/);
  });
});
