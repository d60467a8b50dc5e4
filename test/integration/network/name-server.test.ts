import assert from 'node:assert/strict';
import dns from 'node:dns';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import type { FailureCode } from '../../../src/cloud-error.ts';
import type { Credential } from '../../../src/provisioning/credential.ts';
import { Secret } from '../../../src/lib/secret.ts';
import { proxyFor } from '../../support/proxy.ts';
import { Scratch } from '../../support/scratch.ts';
import { simulatorFor } from '../../support/simulator.ts';
import { cloudOf, soon } from './support.ts';
import type { Steered } from './support.ts';

const credential: Credential = {
  method: 'symmetric_key',
  name: 'primary',
  registrationId: 'gateway',
  key: new Secret('AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8='),
};

describe('a name server that does not answer', () => {
  it('is called by its name, and costs one attempt: another way would wait for it as long', async (t) => {
    const { fails, log } = await cloudBehind(t, {});
    await fails('NET-DNS', 'dps.example');
    assert.ok(!log.lines.some(({ msg }) => msg.includes('trying another way')));
  });

  it('has nothing to do with an address that needs none', async (t) => {
    const { fails } = await cloudBehind(t, {});
    // An address for documentation (RFC 5737): nobody answers there, or it is known at once that nobody can.
    await fails(['NET-TIMEOUT', 'NET-UNREACHABLE', 'NET-REFUSED'], '192.0.2.1');
  });

  it('is the proxy’s business where there is one', async (t) => {
    const scratch = new Scratch();
    t.after(() => scratch.clean());
    const { port } = await proxyFor(scratch, { mute: true });
    const { fails } = await cloudBehind(t, { proxy: { host: '127.0.0.1', port } });
    await fails('NET-TIMEOUT', 'dps.example');
  });
});

async function cloudBehind(
  t: TestContext,
  steered: Steered,
): Promise<{
  readonly fails: (codes: FailureCode | readonly FailureCode[], host: string) => Promise<void>;
  readonly log: ReturnType<typeof cloudOf>['log'];
}> {
  const scratch = new Scratch();
  t.after(() => scratch.clean());
  const simulator = await simulatorFor(scratch);
  const { lookup } = dns;
  t.after(() => {
    dns.lookup = lookup;
  });
  dns.lookup = Object.assign(() => undefined, lookup);
  const { dps, log } = cloudOf(simulator, { transport: 'auto', connectTimeoutMs: 300, ...steered });
  const fails = async (codes: FailureCode | readonly FailureCode[], host: string): Promise<void> => {
    const endpoint = { host, port: 8883 };
    await assert.rejects(dps.register({ endpoint, scopeId: 'scope', credential }, soon()), ({ code }) =>
      [codes].flat().includes(code as FailureCode),
    );
  };
  return { fails, log };
}
