import assert from 'node:assert/strict';
import { X509Certificate, createPrivateKey } from 'node:crypto';
import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { CreatedReport } from '../../src/cli/create-certificates.ts';
import { thumbprintsOf } from '../../src/certificates/thumbprint.ts';
import { Scratch } from '../support/scratch.ts';
import { dpsAgent } from './cli-program.ts';

describe('dps-agent certificates', () => {
  let scratch: Scratch;
  let folder: string;

  beforeEach(async () => {
    scratch = new Scratch();
    folder = join(await scratch.folder(), 'made here');
  });

  afterEach(() => scratch.clean());

  const create = (...args: readonly string[]) => dpsAgent(['certificates', 'create', ...args]);
  const read = (...path: string[]): Promise<string> => readFile(join(folder, ...path), 'utf8');
  const certificate = async (...path: string[]): Promise<X509Certificate> =>
    new X509Certificate(await read(...path));

  async function createAuthority(...more: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await create(
      '--out',
      folder,
      '--ca-name',
      'Bench CA',
      '--device',
      'a',
      ...more,
    );
    assert.equal(code, 0, stderr);
    return stdout;
  }

  it('makes an authority, intermediates and devices, marked as tests, the keys for their owner only', async () => {
    await createAuthority('--intermediates', '2', '--device', 'b');
    const names = await readdir(folder, { recursive: true, encoding: 'utf8' });
    const files = names.filter((name) => /\.(pem|txt|md|json)$/.test(name));
    assert.deepEqual(files.sort(), [
      'README.md',
      'ca.key.pem',
      'ca.pem',
      ...['a', 'b'].flatMap((id) =>
        ['cert.pem', 'key.pem', 'thumbprints.txt'].map((name) => `devices/${id}/${name}`),
      ),
      'enrollment-group.json',
      'intermediate-1.key.pem',
      'intermediate-1.pem',
      'intermediate-2.key.pem',
      'intermediate-2.pem',
    ]);
    for (const file of files) {
      if (file.endsWith('.pem')) assert.match(await read(file), /^# For testing only.*\n-----BEGIN/, file);
      if (file.endsWith('key.pem')) assert.equal((await stat(join(folder, file))).mode & 0o777, 0o600, file);
    }
    const leaf = await certificate('devices', 'b', 'cert.pem');
    assert.ok(leaf.checkPrivateKey(createPrivateKey(await read('devices', 'b', 'key.pem'))));
    assert.match(leaf.subject, /O=dps-agent test certificate\\, not for production\nCN=b/);
    const thumbprints = await read('devices', 'b', 'thumbprints.txt');
    const { sha1, sha256 } = thumbprintsOf(leaf.raw);
    assert.ok(thumbprints.includes(sha1) && thumbprints.includes(sha256));
  });

  it('adds devices under an authority that was made before', async () => {
    await createAuthority('--intermediates', '1');
    const { code, stderr } = await create('--ca', folder, '--device', 'later', '--days', '10');
    assert.equal(code, 0, stderr);
    const leaf = await certificate('devices', 'later', 'cert.pem');
    assert.ok(leaf.checkIssued(await certificate('intermediate-1.pem')));
    const days = (Date.parse(leaf.validTo) - Date.now()) / 86_400_000;
    assert.ok(days > 9.9 && days <= 10, String(days));
  });

  it('tells programs where everything is', async () => {
    const made = JSON.parse(await createAuthority('--device', 'b', '--output', 'json')) as CreatedReport;
    assert.deepEqual(
      made.devices,
      ['a', 'b'].map((id) => ({
        id,
        certificate: join(folder, 'devices', id, 'cert.pem'),
        privateKey: join(folder, 'devices', id, 'key.pem'),
      })),
    );
    for (const file of made.files) assert.ok((await stat(file)).isFile());
    assert.ok(made.files.includes(join(folder, 'enrollment-group.json')));
    const proof = ['certificates', 'verify', '--ca', folder, '--code', 'A1', '--output', 'json'];
    assert.deepEqual(JSON.parse((await dpsAgent(proof)).stdout), {
      file: join(folder, 'verification-A1.pem'),
      authority: join(folder, 'ca.pem'),
    });
  });

  it('overwrites nothing, and leaves nothing half done', async () => {
    await createAuthority();
    const before = await read('ca.pem');
    for (const args of [
      ['--out', folder, '--ca-name', 'Another', '--device', 'new'],
      ['--ca', folder, '--device', 'new', '--device', 'a'],
    ]) {
      const { code, stderr } = await create(...args);
      assert.equal(code, 1);
      assert.match(stderr, /cannot write .*: it is there already, and nothing is overwritten/);
    }
    assert.equal(await read('ca.pem'), before);
    assert.deepEqual(await readdir(join(folder, 'devices')), ['a']);
  });

  it('makes the certificate that proves possession, and keeps no key of it', async () => {
    await createAuthority();
    const before = await readdir(folder);
    const { code, stderr } = await dpsAgent(['certificates', 'verify', '--ca', folder, '--code', 'A1B2C3']);
    assert.equal(code, 0, stderr);
    const proof = await certificate('verification-A1B2C3.pem');
    const root = await certificate('ca.pem');
    assert.equal(proof.subject, 'CN=A1B2C3');
    assert.ok(proof.checkIssued(root) && proof.verify(root.publicKey));
    assert.deepEqual((await readdir(folder)).sort(), [...before, 'verification-A1B2C3.pem'].sort());
  });

  it('says what it cannot use', async () => {
    const { code, stderr } = await create('--ca', folder, '--device', 'a');
    assert.equal(code, 1);
    assert.match(stderr, /cannot use the authority in .*ENOENT/);
    await createAuthority('--days', '1');
    const tooLong = await create('--ca', folder, '--device', 'b', '--days', '7300');
    assert.equal(tooLong.code, 1);
    assert.match(tooLong.stderr, /give fewer --days/);
  });

  for (const [args, message] of [
    [['--out', 'x', '--ca-name', 'y'], '--device is missing'],
    [['--ca-name', 'y', '--device', 'a'], '--out is missing'],
    [['--out', 'x', '--device', 'a'], '--ca-name is missing'],
    [['--out', 'x', '--ca-name', 'y', '--device', 'a', '--device', 'A'], 'is given twice'],
    [['--out', 'x', '--ca-name', 'y', '--device', '../a'], 'only letters, digits'],
    [['--out', 'x', '--ca-name', 'y', '--device', 'a'.repeat(65)], 'at most 64'],
    [['--out', 'x', '--ca', 'z', '--device', 'a'], '--out does not go with --ca'],
    [['--out', 'x', '--ca-name', 'y', '--device', 'a', '--intermediates', '6'], 'from 0 to 5'],
    [
      ['--out', 'x', '--self-signed', '--ca-name', 'y', '--device', 'a'],
      '--ca-name does not go with --self-signed',
    ],
  ] as const) {
    it(`refuses ${args.join(' ').slice(0, 70)} with status 64`, async () => {
      const { code, stderr } = await create(...args);
      assert.equal(code, 64);
      assert.ok(stderr.includes(message), stderr);
    });
  }
});
