import assert from 'node:assert/strict';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { BlockedHosts, WayStore } from '../../../src/azure/way-memory.ts';
import { createAuthority, createServerCertificate } from '../../../src/certificates/certificate.ts';
import { CloudError } from '../../../src/cloud-error.ts';
import type { FailureCode } from '../../../src/cloud-error.ts';
import { describeError } from '../../../src/lib/errors.ts';
import { Secret } from '../../../src/lib/secret.ts';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { telemetryMessage } from '../../fakes/telemetry-message.ts';
import { proxyFor } from '../../support/proxy.ts';
import { Scratch } from '../../support/scratch.ts';
import { dpsConnections, simulatorFor } from '../../support/simulator.ts';
import { keepLogged, keepSecret } from '../../support/test-logs.ts';
import { unusedPort } from '../../support/unused-port.ts';
import { cloudOf, connected, enroll, register, roundTrip, soon } from './support.ts';

const methods = ['symmetric_key', 'x509'] as const;
const transports = ['mqtt', 'mqtt_ws'] as const;

describe('ways through the network', () => {
  let scratch: Scratch;
  let simulator: Simulator;

  beforeEach(async () => {
    scratch = new Scratch();
    simulator = await simulatorFor(scratch);
  });

  afterEach(() => scratch.clean());

  async function failsWith(code: FailureCode, attempt: Promise<unknown>): Promise<CloudError> {
    try {
      await attempt;
    } catch (error) {
      assert.ok(error instanceof CloudError, String(error));
      assert.equal(error.code, code, describeError(error));
      keepLogged(`${describeError(error)}\n`);
      return error;
    }
    assert.fail(`it did not fail with ${code}`);
  }

  /** Only WebSockets get through: whatever else came by, it was not plain MQTT. */
  function refusePlain(): () => number {
    const { id } = simulator.faults.add({ kind: 'refuse-mqtt' });
    return () => simulator.faults.list().find((each) => each.id === id)?.struck ?? 0;
  }

  for (const method of methods) {
    it(`mqtt_ws, ${method}: registers, connects and sends`, async () => {
      const struck = refusePlain();
      const credential = await enroll(simulator, method);
      await roundTrip(scratch, cloudOf(simulator, { transport: 'mqtt_ws' }), simulator, credential);
      assert.equal(struck(), 0);
    });

    for (const transport of transports) {
      it(`${transport} through a proxy, ${method}: one tunnel for DPS, one for the hub`, async () => {
        const { port, tunnels } = await proxyFor(scratch);
        const credential = await enroll(simulator, method);
        const cloud = cloudOf(simulator, { transport, proxy: { host: '127.0.0.1', port } });
        await roundTrip(scratch, cloud, simulator, credential);
        const authority = `${simulator.dps.host}:${simulator.dps.port}`;
        assert.deepEqual(tunnels, [authority, authority]);
      });

      it(`${transport} through a proxy that wants credentials, ${method}`, async () => {
        keepSecret('open-sesame');
        const proxy = await proxyFor(scratch, { credentials: 'gw:open-sesame' });
        const authorization = new Secret('gw:open-sesame');
        const credential = await enroll(simulator, method);
        const cloud = cloudOf(simulator, {
          transport,
          proxy: { host: '127.0.0.1', port: proxy.port, authorization },
        });
        await roundTrip(scratch, cloud, simulator, credential);
        assert.equal(proxy.tunnels.length, 2);
        assert.equal(proxy.unauthorized(), 0);
      });
    }
  }

  it('wrong credentials for the proxy are PROXY-407, told without them', async () => {
    keepSecret('wrong-password');
    const proxy = await proxyFor(scratch, { credentials: 'gw:right' });
    const authorization = new Secret('gw:wrong-password');
    const cloud = cloudOf(simulator, {
      transport: 'auto',
      proxy: { host: '127.0.0.1', port: proxy.port, authorization },
    });
    const error = await failsWith(
      'PROXY-407',
      register(cloud, simulator, await enroll(simulator, 'symmetric_key')),
    );
    const told = describeError(error);
    assert.match(
      told,
      /the proxy at 127\.0\.0\.1:\d+ answered 407 Proxy Authentication Required to CONNECT localhost:/,
    );
    const encoded = Buffer.from('gw:wrong-password').toString('base64');
    for (const secret of ['wrong-password', encoded]) assert.ok(!told.includes(secret));
    assert.equal(proxy.unauthorized(), 1, 'asked once: another way goes through the same proxy');
  });

  it('a proxy that will not connect is PROXY-REFUSED, with its status', async () => {
    const { port } = await proxyFor(scratch, { forbidden: () => true });
    const cloud = cloudOf(simulator, { proxy: { host: '127.0.0.1', port } });
    const error = await failsWith(
      'PROXY-REFUSED',
      register(cloud, simulator, await enroll(simulator, 'x509')),
    );
    assert.match(describeError(error), /answered 403 Forbidden/);
  });

  it('a proxy that is not there is PROXY-UNREACHABLE', async () => {
    const cloud = cloudOf(simulator, {
      transport: 'auto',
      proxy: { host: '127.0.0.1', port: await unusedPort() },
    });
    await failsWith(
      'PROXY-UNREACHABLE',
      register(cloud, simulator, await enroll(simulator, 'symmetric_key')),
    );
  });

  it('a proxy that never answers is NET-TIMEOUT, within the connect timeout', async () => {
    const proxy = await proxyFor(scratch, { mute: true });
    const cloud = cloudOf(simulator, {
      connectTimeoutMs: 200,
      proxy: { host: '127.0.0.1', port: proxy.port },
    });
    await failsWith('NET-TIMEOUT', register(cloud, simulator, await enroll(simulator, 'symmetric_key')));
  });

  it('no_proxy: the proxy is not asked', async () => {
    const { port, tunnels } = await proxyFor(scratch);
    const cloud = cloudOf(simulator, { proxy: { host: '127.0.0.1', port }, noProxy: ['other', 'localhost'] });
    await roundTrip(scratch, cloud, simulator, await enroll(simulator, 'symmetric_key'));
    assert.deepEqual(tunnels, []);
  });

  it('a stop ends a half-made tunnel at once, and leaves no connection', async () => {
    const proxy = await proxyFor(scratch, { mute: true });
    const cloud = cloudOf(simulator, {
      connectTimeoutMs: 60_000,
      proxy: { host: '127.0.0.1', port: proxy.port },
    });
    const stop = new AbortController();
    const attempt = register(cloud, simulator, await enroll(simulator, 'symmetric_key'), stop.signal);
    const stopped = assert.rejects(attempt, /told to stop/);
    await proxy.asked;
    assert.equal(proxy.open(), 1);
    stop.abort(new Error('told to stop'));
    await stopped;
    await proxy.idle();
  });

  it('a server that does not open a WebSocket is NET-WEBSOCKET', async () => {
    const error = await failsWith('NET-WEBSOCKET', openAtDoorless());
    assert.match(
      describeError(error),
      /over WebSockets: the server did not open a WebSocket for MQTT: .*404/,
    );
  });

  async function openAtDoorless(): Promise<unknown> {
    const doorless = await httpsServerFor(scratch);
    const cloud = cloudOf(doorless, { transport: 'mqtt_ws' });
    const credential = await enroll(simulator, 'symmetric_key');
    const assignment = { assignedHub: `localhost:${doorless.port}`, deviceId: 'gw', assignedAt: '' };
    return await cloud.hub.connect(assignment, credential, soon());
  }

  it('over WebSockets a lost connection is told as without', async () => {
    const cloud = cloudOf(simulator, { transport: 'mqtt_ws' });
    const session = await connected(scratch, cloud, simulator, await enroll(simulator, 'symmetric_key'));
    simulator.faults.add({ kind: 'drop-connections', service: 'hub' });
    assert.equal((await session.closed).code, 'HUB-CLOSED');
  });

  it('over WebSockets a refusal is told as without', async () => {
    const cloud = cloudOf(simulator, { transport: 'mqtt_ws' });
    const credential = await enroll(simulator, 'symmetric_key');
    const assignment = await register(cloud, simulator, credential);
    simulator.faults.add({ kind: 'refuse-connect', service: 'hub', code: 5, times: 1 });
    await failsWith('HUB-CONNACK-5', cloud.hub.connect(assignment, credential, soon()));
  });

  it('over WebSockets a hub that acknowledges nothing is HUB-ACK-TIMEOUT', async () => {
    const cloud = cloudOf(simulator, { transport: 'mqtt_ws' });
    const session = await connected(scratch, cloud, simulator, await enroll(simulator, 'symmetric_key'));
    simulator.faults.add({ kind: 'swallow-pubacks' });
    await failsWith('HUB-ACK-TIMEOUT', session.send(telemetryMessage('m-1')));
  });

  describe('auto', () => {
    it('goes by plain MQTT where it can', async () => {
      const store = keptWays();
      await roundTrip(
        scratch,
        cloudOf(simulator, { transport: 'auto', store }),
        simulator,
        await enroll(simulator, 'x509'),
      );
      assert.deepEqual(store.hosts, {});
    });

    it('goes over WebSockets in the same attempt where plain MQTT is cut off, and remembers it', async () => {
      const struck = refusePlain();
      const store = keptWays();
      const cloud = cloudOf(simulator, { transport: 'auto', store });
      await roundTrip(scratch, cloud, simulator, await enroll(simulator, 'symmetric_key'));
      assert.equal(struck(), 1, 'plain MQTT is tried with DPS, and no more with the hub on the same host');
      assert.deepEqual(Object.keys(store.hosts), ['localhost']);
      assert.equal(dpsConnections(simulator), 1);
    });

    it('begins over WebSockets where that is remembered from before', async () => {
      const struck = refusePlain();
      const store = keptWays({ localhost: new Date(Date.now() - 60_000).toISOString() });
      const cloud = cloudOf(simulator, { transport: 'auto', store });
      await roundTrip(scratch, cloud, simulator, await enroll(simulator, 'symmetric_key'));
      assert.equal(struck(), 0);
    });

    it('begins with plain MQTT again when the memory is an hour old, and forgets when that works', async () => {
      const store = keptWays({ localhost: new Date(Date.now() - 3_600_000).toISOString() });
      const cloud = cloudOf(simulator, { transport: 'auto', store });
      await roundTrip(scratch, cloud, simulator, await enroll(simulator, 'symmetric_key'));
      assert.deepEqual(store.hosts, {});
    });

    it('does not try another way when the service has refused', async () => {
      const cloud = cloudOf(simulator, { transport: 'auto' });
      const credential = await enroll(simulator, 'symmetric_key');
      const assignment = await register(cloud, simulator, credential);
      const fault = simulator.faults.add({ kind: 'refuse-connect', service: 'hub', code: 5 });
      await failsWith('HUB-CONNACK-5', cloud.hub.connect(assignment, credential, soon()));
      assert.equal(simulator.faults.list().find(({ id }) => id === fault.id)?.struck, 1);
    });

    it('tells the first way’s failure when neither works', async () => {
      const cloud = cloudOf(simulator, { transport: 'auto' });
      simulator.faults.add({ kind: 'refuse-tcp', how: 'closed' });
      const error = await failsWith(
        'NET-REFUSED',
        register(cloud, simulator, await enroll(simulator, 'symmetric_key')),
      );
      assert.doesNotMatch(error.message, /WebSockets/);
    });

    it('gets through a proxy that lets nothing out but WebSockets’ port', async () => {
      let asked = 0;
      const proxy = await proxyFor(scratch, { forbidden: () => (asked += 1) === 1 });
      const cloud = cloudOf(simulator, { transport: 'auto', proxy: { host: '127.0.0.1', port: proxy.port } });
      await roundTrip(scratch, cloud, simulator, await enroll(simulator, 'symmetric_key'));
      assert.equal(asked, 3);
      assert.equal(proxy.tunnels.length, 2);
    });
  });
});

function keptWays(hosts: BlockedHosts = {}): { hosts: BlockedHosts } & WayStore {
  const kept = {
    hosts,
    load: () => Promise.resolve(kept.hosts),
    save: (next: BlockedHosts) => {
      kept.hosts = next;
      return Promise.resolve();
    },
  };
  return kept;
}

/** A web server that knows nothing of WebSockets. */
async function httpsServerFor(scratch: Scratch): Promise<{ readonly port: number; readonly caPem: string }> {
  const day = 86_400_000;
  const validity = { notBefore: new Date(Date.now() - day), notAfter: new Date(Date.now() + day) };
  const authority = await createAuthority({ commonName: 'authority', validity });
  const { certificatePem: cert, privateKeyPem: key } = await createServerCertificate({
    commonName: 'localhost',
    names: ['localhost'],
    validity,
    issuer: authority,
  });
  const server = createHttpsServer({ cert, key }, (_request, response) => response.writeHead(404).end());
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  scratch.defer(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { port: (server.address() as AddressInfo).port, caPem: authority.certificatePem };
}
