import assert from 'node:assert/strict';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { WireTotals } from '../../../src/azure/wire-bytes.ts';
import type { Credential } from '../../../src/provisioning/credential.ts';
import type { Assignment } from '../../../src/provisioning/dps-client.ts';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { telemetryMessage } from '../../fakes/telemetry-message.ts';
import { proxyFor } from '../../support/proxy.ts';
import { Scratch } from '../../support/scratch.ts';
import { simulatorFor } from '../../support/simulator.ts';
import { cloudOf, enroll, register, soon } from './support.ts';
import type { Cloud } from './support.ts';

const payload = 'x'.repeat(50_000);

/** Passes bytes on to a port and counts them, as a network operator would. */
interface Meter {
  readonly port: number;
  readonly counted: { sent: number; received: number };
  /** Resolves when no connection is open. */
  idle(): Promise<void>;
}

async function meterFor(scratch: Scratch, target: number): Promise<Meter> {
  const counted = { sent: 0, received: 0 };
  const open = new Set<Promise<void>>();
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1');
    client.on('data', ({ length }) => (counted.sent += length));
    upstream.on('data', ({ length }) => (counted.received += length));
    client.pipe(upstream).pipe(client);
    for (const socket of [client, upstream]) {
      socket.on('error', () => undefined);
      socket.once('close', () => {
        client.destroy();
        upstream.destroy();
      });
    }
    open.add(
      new Promise((resolve) => {
        client.once('close', () => {
          resolve();
        });
      }),
    );
    scratch.defer(() => {
      client.destroy();
      return Promise.resolve();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  scratch.defer(async () => {
    server.close();
    await Promise.all(open);
  });
  const idle = async (): Promise<void> => {
    await Promise.all(open);
  };
  return { port: (server.address() as AddressInfo).port, counted, idle };
}

describe('bytes on the wire', () => {
  let scratch: Scratch;
  let simulator: Simulator;

  beforeEach(async () => {
    scratch = new Scratch();
    simulator = await simulatorFor(scratch);
  });

  afterEach(() => scratch.clean());

  /** Connects to the assigned hub, sends the payload and closes; returns what had been counted just before the end. */
  async function sendPayload(
    cloud: Cloud,
    credential: Credential,
    assignment: Assignment,
  ): Promise<WireTotals> {
    const session = await cloud.hub.connect(assignment, credential, soon());
    await session.send({ ...telemetryMessage('m-1'), body: payload });
    const open = cloud.wire.totals;
    await session.close();
    return open;
  }

  /** But for TLS's goodbyes, 24 bytes each: the last of them reach nobody, because both sockets are destroyed. */
  function agree({ sent, received }: WireTotals, counted: WireTotals): void {
    for (const difference of [sent - counted.sent, received - counted.received])
      assert.ok(Math.abs(difference) <= 100, `${difference} bytes more than passed by`);
  }

  it('are those that pass by on the way to DPS, TLS included, and the payload and little more to the hub', async () => {
    const meter = await meterFor(scratch, simulator.dps.port);
    const cloud = cloudOf(simulator, { transport: 'mqtt' });
    const credential = await enroll(simulator, 'symmetric_key');
    const endpoint = { ...simulator.dps, port: meter.port };
    const { scopeId } = simulator;
    const assignment = await cloud.dps.register({ endpoint, scopeId, credential }, soon());
    await meter.idle();
    agree(cloud.wire.totals, meter.counted);

    const before = cloud.wire.totals;
    const open = await sendPayload(cloud, credential, assignment);
    const sent = open.sent - before.sent;
    assert.ok(sent > payload.length && sent < 1.2 * payload.length, `${sent} bytes sent`);
    const received = open.received - before.received;
    // The server's certificate is most of it.
    assert.ok(received > 500 && received < 10_000, `${received} bytes received`);
    // TLS's goodbye at the most.
    assert.ok(cloud.wire.totals.sent >= open.sent && cloud.wire.totals.sent < open.sent + 128);
  });

  for (const transport of ['mqtt', 'mqtt_ws'] as const) {
    it(`are those that pass by on the way to a proxy, by ${transport}`, async () => {
      const proxy = await proxyFor(scratch);
      const meter = await meterFor(scratch, proxy.port);
      const cloud = cloudOf(simulator, { transport, proxy: { host: '127.0.0.1', port: meter.port } });
      const credential = await enroll(simulator, 'symmetric_key');
      const open = await sendPayload(cloud, credential, await register(cloud, simulator, credential));
      await meter.idle();
      assert.equal(proxy.tunnels.length, 2);
      assert.ok(open.sent > payload.length);
      agree(cloud.wire.totals, meter.counted);
    });
  }
});
