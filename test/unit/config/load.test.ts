import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { explainReadError, loadConfig } from '../../../src/config/load.ts';
import { ConfigProblems } from '../../../src/config/problems.ts';

describe('a file that cannot be read', () => {
  let directory = '';
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'dps-agent-config-'));
  });
  after(async () => {
    await rm(directory, { recursive: true });
  });

  it('because it is not there', async () => {
    const path = join(directory, 'config.yaml');
    const error = await problemsOf(path);
    assert.equal(
      error.message,
      `cannot use ${path}: 1 problem\n${path}: there is no such file: give the right path, ` +
        'or run dps-agent init, which writes one',
    );
    assert.ok(error.cause instanceof Error);
  });

  it('because it is a directory', async () => {
    const error = await problemsOf(directory);
    assert.match(error.problems[0]?.message ?? '', /^this is a directory: give the path of the file in it/);
  });

  it('because a part of its path is a file', async () => {
    const path = join(directory, 'file');
    await writeFile(path, '');
    const error = await problemsOf(join(path, 'config.yaml'));
    assert.match(error.problems[0]?.message ?? '', /^a part of this path is a file/);
  });

  it('because it is far too large for a configuration', async () => {
    const path = join(directory, 'disk.img');
    await writeFile(path, Buffer.alloc(1024 * 1024 + 1));
    const error = await problemsOf(path);
    assert.match(error.problems[0]?.message ?? '', /^it is larger than 1 MB/);
  });

  // Tests may run as root, whom no file mode stops.
  it('because its mode forbids it', () => {
    for (const code of ['EACCES', 'EPERM']) {
      const error = Object.assign(new Error(`${code}: permission denied`), { code });
      assert.match(explainReadError(error), /^it may not be read by the user this runs as/);
    }
  });

  it('for a reason nobody thought of, which is then told as it is', () => {
    assert.equal(explainReadError(new Error('EIO: i/o error')), 'cannot read the file: EIO: i/o error');
  });
});

async function problemsOf(path: string): Promise<ConfigProblems> {
  try {
    await loadConfig(path);
  } catch (error) {
    assert.ok(error instanceof ConfigProblems);
    return error;
  }
  assert.fail(`${path} was accepted`);
}
