import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { forgetIdentity, reprovisionIdentity } from '../../../src/cli/identity.ts';
import { temporaryDirectory } from '../../fakes/temporary-directory.ts';

describe('the identity of a device whose hub stands in the configuration', () => {
  for (const verb of [forgetIdentity, reprovisionIdentity]) {
    it(`is not said to be asked of DPS: ${verb.name}`, async (t) => {
      const path = await manualConfig(t);
      assert.match(await verb(path, 'text'), /no DPS is asked \(source: manual\)\.\n$/);
      assert.deepEqual(JSON.parse(await verb(path, 'json')), { asksDps: 'never' });
    });
  }
});

async function manualConfig(t: TestContext): Promise<string> {
  const folder = await temporaryDirectory(t);
  const path = join(folder, 'config.yaml');
  const connectionString =
    'HostName=hub.example;DeviceId=gateway;SharedAccessKey=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=';
  await writeFile(
    path,
    `state_directory: ${join(folder, 'state')}
provisioning:
  source: manual
  device_connection_string: "${connectionString}"
`,
    { mode: 0o600 },
  );
  return path;
}
