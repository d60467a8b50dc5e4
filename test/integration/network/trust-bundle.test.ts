import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { createAuthority } from '../../../src/certificates/certificate.ts';
import { parseConfig } from '../../../src/config/parse.ts';
import { ConfigError } from '../../../src/lib/errors.ts';
import type { World } from '../../../src/world.ts';
import { realWorld } from '../../../src/world.ts';
import { validNow } from '../../support/certificate-files.ts';
import { Scratch } from '../../support/scratch.ts';
import { WatchedLog } from '../../support/watched-log.ts';

describe('trust_bundle_cert', () => {
  it('takes several certificates, and whatever text stands between them', async (t) => {
    const [one, other] = [await authority(), await authority()];
    const { ca } = await worldWith(t, `# the old one\n${one}\n# the new one\n${other}`);
    assert.ok(ca?.at(-1)?.includes(other));
  });

  // OpenSSL would take what stands before the first that it cannot read, and say nothing of the others.
  for (const [what, spoil] of [
    ['a certificate that is none', (pem: string) => pem.replace(/\n.*\n/, '\nAAAA\n')],
    ['a certificate that is cut off', (pem: string) => pem.slice(0, pem.length / 2)],
  ] as const) {
    it(`is refused with ${what}, which is named`, async (t) => {
      const [one, other] = [await authority(), await authority()];
      await assert.rejects(worldWith(t, `${one}\n${spoil(other)}`), (error) => {
        assert.ok(error instanceof ConfigError);
        assert.match(
          error.message,
          /cannot use trust_bundle_cert .*: certificate 2 of 2 in it cannot be read/,
        );
        return true;
      });
    });
  }
});

async function authority(): Promise<string> {
  return (await createAuthority({ commonName: 'authority', validity: validNow() })).certificatePem;
}

async function worldWith(t: TestContext, bundle: string): Promise<World> {
  const scratch = new Scratch();
  t.after(() => scratch.clean());
  const path = join(await scratch.folder(), 'ca.pem');
  await writeFile(path, bundle);
  const { config } = parseConfig(
    `provisioning:
  source: dps
  scope_id: 0ne00000001
  attestation: {method: symmetric_key, registration_id: gateway, symmetric_key: c2VjcmV0c2VjcmV0c2VjcmV0}
trust_bundle_cert: file://${path}
`,
    'config.yaml',
  );
  return await realWorld({ current: config }, new WatchedLog().log);
}
