import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as aTimer } from 'node:timers/promises';
import { connect } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { spawn } from 'node:child_process';
import { describeError } from '../../../src/lib/errors.ts';
import type { Log } from '../../../src/lib/log.ts';
import { DataDirectoryError } from '../../../src/simulator/data-directory.ts';
import type { JsonValue } from '../../../src/simulator/json.ts';
import { ListenError } from '../../../src/simulator/listen-error.ts';
import { quietLog } from '../../../src/simulator/quiet-log.ts';
import { startSimulator } from '../../../src/simulator/simulator.ts';
import { register, simulatorFor, temporaryDirectory, whenOver } from './support.ts';
import { connectToHub } from './wire.ts';

const key = Buffer.alloc(32, 1).toString('base64');
const symmetricKey = { primaryKey: key, secondaryKey: key };

function logInto(lines: string[]): Log {
  const warn: Log['warn'] = (fields: object | string, message?: string) => {
    lines.push(typeof fields === 'string' ? fields : (message ?? ''));
  };
  return { ...quietLog, warn };
}

describe('a simulator that stops', () => {
  it('lets nobody in while the others leave', { timeout: 10_000 }, async (t) => {
    const simulator = await startSimulator({ dataDirectory: await temporaryDirectory(t) });
    const { port } = simulator.dps;
    const connected = async (): Promise<TLSSocket> => {
      const socket = connect({ host: '127.0.0.1', port, ca: simulator.caPem, servername: 'localhost' });
      socket.on('error', () => undefined);
      whenOver(t, () => socket.destroy());
      await new Promise<void>((resolve) => {
        socket.once('secureConnect', resolve).once('close', () => {
          resolve();
        });
      });
      return socket;
    };
    await connected();
    // Told to stop by a timer, it accepts once more before the sockets it has destroyed are gone.
    await aTimer(1);
    const late = connected();
    await simulator.close();
    assert.ok((await late).destroyed);
  });
});

describe('a restart on the same data directory', () => {
  it('keeps ports, CA, scope, enrollments, registrations, devices, twins, sessions and queued messages', async (t) => {
    const dataDirectory = await temporaryDirectory(t);
    const first = await startSimulator({ dataDirectory, hubs: 2, retryAfterSeconds: 0 });
    first.registry.enrollments.put('gw-1', { attestation: { type: 'symmetricKey', symmetricKey } });
    first.registry.enrollmentGroups.put('line', { attestation: { type: 'symmetricKey', symmetricKey } });
    first.registry.putCertificate('ca', first.caPem);
    const { assignedHub } = await register(first, 'gw-1', key);
    const hub = first.hubs.findIndex(({ name }) => name === assignedHub);
    const { wire } = await connectToHub(t, first, 'gw-1', key, { hub });
    await wire.subscribe(['devices/gw-1/messages/devicebound/#', 1]);
    wire.publish('$iothub/twin/PATCH/properties/reported/?$rid=1', '{"up":true}');
    await wire.ping();
    wire.destroy();
    first.patchDesired('gw-1', { mode: 'fast' });
    first.sendCloudToDevice('gw-1', { body: 'kept' });
    await first.close();
    await wire.closed;

    const second = await simulatorFor(t, { dataDirectory });
    assert.deepEqual(second.hubs, first.hubs);
    assert.deepEqual(second.dps, first.dps);
    assert.equal(second.controlUrl, first.controlUrl);
    assert.equal(second.scopeId, first.scopeId);
    assert.equal(second.caPem, first.caPem);
    assert.deepEqual(second.registry.snapshot(), first.registry.snapshot());
    const again = await connectToHub(t, second, 'gw-1', key, { hub });
    assert.equal(again.connack.sessionPresent, true);
    assert.equal((await again.wire.next('publish')).payload.toString(), 'kept');
    assert.equal((await register(second, 'gw-1', key))['substatus'], 'reprovisionedToInitialAssignment');
  });

  it('keeps a property of arrays in arrays, as deep as it was taken', async (t) => {
    const dataDirectory = await temporaryDirectory(t);
    const first = await startSimulator({ dataDirectory });
    first.registry.putDevice('gw-1', {});
    const deep = JSON.parse('['.repeat(495) + ']'.repeat(495)) as JsonValue;
    const body = JSON.stringify({ properties: { desired: { deep } } });
    const { status } = await fetch(`${first.controlUrl}/twins/gw-1`, { method: 'PATCH', body });
    assert.equal(status, 200);
    await first.close();
    const second = await simulatorFor(t, { dataDirectory });
    assert.deepEqual(second.registry.getDevice('gw-1').twin.desired.properties, { deep });
  });

  it('follows the device when the ports are other ones', async (t) => {
    const dataDirectory = await temporaryDirectory(t);
    const first = await startSimulator({ dataDirectory, retryAfterSeconds: 0 });
    const { name = '', port = 0 } = first.hubs[0] ?? {};
    first.registry.enrollments.put('gw-1', {
      attestation: { type: 'symmetricKey', symmetricKey },
      allocationPolicy: 'static',
      iotHubs: [name],
    });
    await register(first, 'gw-1', key);
    await first.close();
    const blocker = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const free = (blocker.address() as { port: number }).port;
    await new Promise((resolve) => blocker.close(resolve));
    assert.notEqual(free, port);

    const second = await simulatorFor(t, { dataDirectory, port: free });
    assert.equal(second.registry.registrations.get('gw-1').assignedHub, `localhost:${free}`);
    assert.equal((await register(second, 'gw-1', key)).assignedHub, `localhost:${free}`);
    assert.equal(second.registry.hubs[0]?.store.size, 1);
  });

  it('can be done again and again in one process', async (t) => {
    const dataDirectory = await temporaryDirectory(t);
    for (let round = 0; round < 3; round += 1) {
      const simulator = await startSimulator({ dataDirectory, hubs: 2 });
      simulator.registry.putDevice(`gw-${round}`, {});
      await simulator.close();
    }
    const last = await simulatorFor(t, { dataDirectory });
    assert.equal(last.registry.hubs[0]?.store.size, 3);
  });

  it('keeps the devices of a hub that is not started this time', async (t) => {
    const dataDirectory = await temporaryDirectory(t);
    const two = await startSimulator({ dataDirectory, hubs: 2 });
    two.registry.putDevice('gw-1', {}, two.hubs[1]?.name);
    await two.close();
    await (await startSimulator({ dataDirectory, hubs: 1 })).close();
    const again = await simulatorFor(t, { dataDirectory, hubs: 2 });
    assert.equal(again.registry.hubs[1]?.store.size, 1);
  });
});

describe('damage', () => {
  for (const [what, damaged] of [
    ['half a state file', (text: string) => text.slice(0, text.length / 2)],
    ['a state file of another shape', () => '{"format":1,"enrollments":{}}'],
  ] as const) {
    it(`${what} is set aside and said`, async (t) => {
      const dataDirectory = await temporaryDirectory(t);
      await (await startSimulator({ dataDirectory })).close();
      const path = join(dataDirectory, 'state.json');
      const bad = damaged(await readFile(path, 'utf8'));
      await writeFile(path, bad);
      const lines: string[] = [];
      await simulatorFor(t, { dataDirectory, log: logInto(lines) });
      assert.match(lines.join('\n'), /cannot use the state .*state\.json\.damaged/);
      assert.equal(await readFile(`${path}.damaged`, 'utf8'), bad);
    });
  }

  it('a certificate that cannot be read is set aside, said and made anew', async (t) => {
    const dataDirectory = await temporaryDirectory(t);
    const first = await startSimulator({ dataDirectory });
    await first.close();
    await writeFile(join(dataDirectory, 'ca.pem'), 'no certificate');
    const lines: string[] = [];
    const second = await simulatorFor(t, { dataDirectory, log: logInto(lines) });
    assert.match(lines.join('\n'), /cannot use .*ca\.pem/);
    assert.notEqual(second.caPem, first.caPem);
    second.registry.putDevice('gw-1', { authentication: { symmetricKey } });
    assert.equal((await connectToHub(t, second, 'gw-1', key)).connack.returnCode, 0);
  });
});

describe('a start', () => {
  it('makes the server certificate anew for a further name, under the same CA', async (t) => {
    const dataDirectory = await temporaryDirectory(t);
    const first = await startSimulator({ dataDirectory });
    await first.close();
    const before = await readFile(join(dataDirectory, 'server.pem'), 'utf8');
    const second = await simulatorFor(t, { dataDirectory, names: ['simulator.lan'] });
    assert.notEqual(await readFile(join(dataDirectory, 'server.pem'), 'utf8'), before);
    assert.equal(second.caPem, first.caPem);
  });

  it('names a port that is taken and leaves none open', async (t) => {
    const one = await simulatorFor(t, { hubs: 2 });
    const { port } = one.dps;
    const dataDirectory = await temporaryDirectory(t);
    await assert.rejects(startSimulator({ dataDirectory, port }), (error) => {
      assert.ok(error instanceof ListenError);
      assert.equal(error.message, `cannot listen on 127.0.0.1:${port}`);
      return error.taken && !error.control;
    });
    const controlPort = Number(new URL(one.controlUrl).port);
    await assert.rejects(startSimulator({ dataDirectory, controlPort }), { control: true, taken: true });
  });

  it('leaves a data directory to the simulator that has it, and takes it over from one that was killed', async (t) => {
    const dataDirectory = await temporaryDirectory(t);
    const one = await startSimulator({ dataDirectory });
    await assert.rejects(startSimulator({ dataDirectory }), (error) => {
      assert.ok(error instanceof DataDirectoryError);
      const said = `cannot use the data directory ${dataDirectory}: another process uses it`;
      return describeError(error) === said;
    });
    await one.close();
    const killed = spawn(process.execPath, [
      '-e',
      `require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`,
      join(dataDirectory, 'in-use.sock'),
    ]);
    await once(killed, 'exit');
    await simulatorFor(t, { dataDirectory });
  });

  it('puts the seed in place over what was kept', async (t) => {
    const dataDirectory = await temporaryDirectory(t);
    const seed = {
      enrollments: { 'gw-1': { attestation: { type: 'symmetricKey' as const, symmetricKey } } },
      devices: { 'press-7': { authentication: { symmetricKey }, initialTwin: { tags: { site: 'north' } } } },
    };
    const first = await startSimulator({ dataDirectory, seed });
    first.patchDesired('press-7', { mode: 'fast' });
    await first.close();
    const second = await simulatorFor(t, { dataDirectory, seed });
    const { tags, desired } = second.registry.getTwin('press-7');
    assert.deepEqual([tags, desired.properties], [{ site: 'north' }, { mode: 'fast' }]);
    assert.equal(second.registry.enrollments.list().length, 1);
  });
});
