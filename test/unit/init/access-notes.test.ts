import assert from 'node:assert/strict';
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { accessNotes } from '../../../src/init/access-notes.ts';
import type { Setup } from '../../../src/init/setup.ts';
import { temporaryDirectory } from '../../fakes/temporary-directory.ts';

const setup = (certificate: string, privateKey: string): Setup => ({
  identity: { method: 'x509', scopeId: 's', certificate, privateKey },
  input: 'none',
});

describe('files that stay where they are', () => {
  it('are noted when the user of the service may not read them', async (t) => {
    const directory = await temporaryDirectory(t);
    const [certificate, key] = [join(directory, 'cert.pem'), join(directory, 'my key.pem')];
    await writeFile(certificate, '', { mode: 0o644 });
    await writeFile(key, '', { mode: 0o640 });
    const { uid, gid } = await stat(key);
    const notesFor = (userId: number, groupId: number): Promise<string[]> =>
      accessNotes(setup(certificate, key), { userId, groupId }, 'dps-agent');
    assert.deepEqual(await notesFor(uid, gid + 1), []);
    assert.deepEqual(await notesFor(uid + 1, gid), []);
    assert.deepEqual(await notesFor(uid + 1, gid + 1), [
      `${key} cannot be read by the user dps-agent, as which the service runs: chown dps-agent '${key}'`,
    ]);
    const [gone] = await accessNotes(
      setup('/no/such.pem', certificate),
      { userId: uid, groupId: gid },
      'dps-agent',
    );
    assert.match(String(gone), /^\/no\/such\.pem cannot be looked at: .*ENOENT/);
  });
});
