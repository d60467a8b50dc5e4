import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Finding } from '../../../src/checks/check.ts';
import { HopTimer } from '../../../src/checks/hop-timer.ts';
import { dpsGoal, wayChecks } from '../../../src/checks/network.ts';
import type { Door, NetworkProbe, TlsReport } from '../../../src/checks/network-probe.ts';
import { Device, Scene } from '../../../src/checks/scene.ts';
import { CloudError } from '../../../src/cloud-error.ts';
import { parseConfig } from '../../../src/config/parse.ts';
import { SystemClock } from '../../../src/lib/clock.ts';
import type { World } from '../../../src/world.ts';

const doors: readonly Door[] = [
  { way: 'mqtt', port: 8883 },
  { way: 'mqtt_ws', port: 443 },
];

interface Network {
  /** Ports that nobody opens. */
  readonly closed?: readonly number[];
  readonly tls?: Partial<TlsReport>;
}

class FakeProbe implements NetworkProbe {
  readonly secured: number[] = [];
  readonly #network: Network;

  constructor(network: Network) {
    this.#network = network;
  }

  doors(): readonly Door[] {
    return doors;
  }

  proxyFor(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  resolve(): Promise<readonly string[]> {
    return Promise.resolve(['192.0.2.1']);
  }

  reach(_destination: unknown, { port }: Door): Promise<void> {
    if (this.#network.closed?.includes(port) !== true) return Promise.resolve();
    return Promise.reject(new CloudError('NET-TIMEOUT', `reach port ${port}`));
  }

  secure(_destination: unknown, { port }: Door): Promise<TlsReport> {
    this.secured.push(port);
    const chain = ['*.azure-devices-provisioning.net', 'DigiCert Global Root G2'];
    return Promise.resolve({ protocol: 'TLSv1.3', chain, isPublic: true, ...this.#network.tls });
  }
}

/** The finding of one check about Azure's own DPS. */
async function finding(id: string, network: Network, probe = new FakeProbe(network)): Promise<Finding> {
  const key = Buffer.alloc(32, 1).toString('base64');
  const attestation = `{method: symmetric_key, registration_id: gw, symmetric_key: ${key}}`;
  const loaded = parseConfig(
    `provisioning: {source: dps, scope_id: 0ne1, attestation: ${attestation}}`,
    'config.yaml',
  );
  const clock = new SystemClock();
  // These checks know nothing of the world but the way to the cloud.
  const world = { clock, probe } as unknown as World;
  const device = new Device({ loaded, stateDirectory: '/nowhere', world, hopTimer: new HopTimer(clock) });
  const machine = { clock, runProgram: () => Promise.resolve(''), root: '/', userId: 1, nodeVersion: 'v0' };
  const scene = new Scene({ isInside: false, agent: { kind: 'absent' }, machine, device });
  const check = wayChecks(dpsGoal).find((each) => each.id === id);
  assert.ok(check !== undefined);
  return check.run(scene, new AbortController().signal);
}

describe('the checks of the way to Azure', () => {
  it('are content with both ports open and a public authority', async () => {
    assert.equal((await finding('dps-tcp', {})).status, 'ok');
    const { status, seen } = await finding('dps-tls', {});
    assert.equal(status, 'ok');
    assert.match(seen, /signed by DigiCert Global Root G2 \(a public authority\)/);
  });

  it('warn of a port that is closed while the other is open, and go by that one', async () => {
    const tcp = await finding('dps-tcp', { closed: [8883] });
    assert.equal(tcp.status, 'warning');
    assert.equal(tcp.command, 'nc -vz global.azure-devices-provisioning.net 8883');
    assert.match(tcp.seen, /port 443 is open/);
    const probe = new FakeProbe({ closed: [8883] });
    await finding('dps-tls', {}, probe);
    assert.deepEqual(probe.secured, [443]);
  });

  it('fail with both ports closed, and say so of each', async () => {
    const { status, code, seen } = await finding('dps-tcp', { closed: [8883, 443] });
    assert.deepEqual([status, code], ['error', 'NET-TIMEOUT']);
    assert.match(seen, /port 8883: .*; port 443: /);
  });

  it('name an interception that the trust bundle lets pass', async () => {
    const chain = ['*.azure-devices-provisioning.net', 'Corporate Inspection CA'];
    const { status, seen } = await finding('dps-tls', { tls: { chain, isPublic: false } });
    assert.equal(status, 'warning');
    assert.match(seen, /signed by Corporate Inspection CA: of no public authority.*intercepted/);
  });

  it('name one that is not trusted', async () => {
    const refusal = new CloudError('TLS-UNTRUSTED', 'reach DPS');
    const chain = ['*.azure-devices-provisioning.net', 'Corporate Inspection CA'];
    const { status, code, seen } = await finding('dps-tls', { tls: { chain, isPublic: false, refusal } });
    assert.deepEqual([status, code], ['error', 'TLS-UNTRUSTED']);
    assert.match(seen, /signed by Corporate Inspection CA/);
  });
});
