import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { CloudError } from '../../../src/cloud-error.ts';
import type { SecretSource } from '../../../src/config/secret-source.ts';
import { describeError } from '../../../src/lib/errors.ts';
import { Secret } from '../../../src/lib/secret.ts';
import { Secrets } from '../../../src/provisioning/secrets.ts';
import { temporaryDirectory } from '../../fakes/temporary-directory.ts';

const nowhere = new Secrets({ env: {}, credentialsDirectory: undefined });

async function fileWith(test: TestContext, content: string | Buffer): Promise<SecretSource> {
  const path = join(await temporaryDirectory(test), 'secret');
  await writeFile(path, content);
  return { kind: 'file', path };
}

async function assertUnreadable(source: SecretSource, why: RegExp, secrets = nowhere): Promise<void> {
  await assert.rejects(secrets.read(source), (error) => {
    assert.ok(error instanceof CloudError);
    assert.deepEqual([error.code, error.kind], ['SECRET-UNREADABLE', 'transient']);
    assert.match(describeError(error), why);
    return true;
  });
}

describe('a secret', () => {
  it('is what the configuration says when it stands there', async () => {
    const value = new Secret('sesame\n');
    assert.equal(await nowhere.read({ kind: 'plain', value }), value);
  });

  for (const [content, text] of [
    ['sesame', 'sesame'],
    ['sesame\n', 'sesame'],
    ['sesame\r\n', 'sesame'],
    ['sesame\n\n', 'sesame\n'],
    [' open sesame ', ' open sesame '],
  ] as const) {
    it(`is ${JSON.stringify(text)} in a file with ${JSON.stringify(content)}`, async (t) => {
      assert.equal((await nowhere.read(await fileWith(t, content))).reveal(), text);
    });
  }

  it('is read anew each time', async (t) => {
    const path = join(await temporaryDirectory(t), 'secret');
    const source = { kind: 'file', path } as const;
    await assertUnreadable(source, /ENOENT/);
    await writeFile(path, 'one');
    assert.equal((await nowhere.read(source)).reveal(), 'one');
    await writeFile(path, 'two');
    assert.equal((await nowhere.read(source)).reveal(), 'two');
  });

  it('is read from the environment, without a line break at its end', async () => {
    const secrets = new Secrets({ env: { KEY: 'sesame\n' }, credentialsDirectory: undefined });
    assert.equal((await secrets.read({ kind: 'env', name: 'KEY' })).reveal(), 'sesame');
  });

  it('is read from systemd’s directory of credentials', async (t) => {
    const credentialsDirectory = await temporaryDirectory(t);
    await writeFile(join(credentialsDirectory, 'device-key'), 'sesame\n', { mode: 0o440 });
    const secrets = new Secrets({ env: {}, credentialsDirectory });
    assert.equal((await secrets.read({ kind: 'credential', name: 'device-key' })).reveal(), 'sesame');
    await assertUnreadable({ kind: 'credential', name: 'none' }, /credential:none.*ENOENT/, secrets);
  });

  it('is unreadable without that directory, and says what the unit needs', async () => {
    await assertUnreadable({ kind: 'credential', name: 'k' }, /credential:k.*LoadCredential=k:/);
  });

  it('is unreadable where there is no such variable, or an empty one', async () => {
    await assertUnreadable({ kind: 'env', name: 'KEY' }, /env:KEY.*no such variable/);
    const secrets = new Secrets({ env: { KEY: '' }, credentialsDirectory: undefined });
    await assertUnreadable({ kind: 'env', name: 'KEY' }, /env:KEY.*empty/, secrets);
  });

  it('is unreadable in an empty file, a directory, a large file, or bytes', async (t) => {
    await assertUnreadable(await fileWith(t, '\n'), /it is empty/);
    const path = join(await temporaryDirectory(t), 'd');
    await mkdir(path);
    await assertUnreadable({ kind: 'file', path }, /is not a file/);
    await assertUnreadable({ kind: 'file', path: '/dev/zero' }, /is not a file/);
    await assertUnreadable(await fileWith(t, 'x'.repeat(65_537)), /larger than 64 KB/);
    await assertUnreadable(await fileWith(t, Buffer.of(0xff, 0xfe)), /not text in UTF-8/);
  });
});
