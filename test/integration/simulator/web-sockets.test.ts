import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { generate } from 'mqtt-packet';
import WebSocket from 'ws';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { deadline, simulatorFor, whenOver } from './support.ts';

function open(t: TestContext, simulator: Simulator, path: string, subprotocol?: string): WebSocket {
  const url = `wss://localhost:${simulator.dps.port}${path}`;
  const socket = new WebSocket(url, subprotocol === undefined ? [] : [subprotocol], { ca: simulator.caPem });
  whenOver(t, () => {
    socket.terminate();
  });
  return socket;
}

async function refusal(socket: WebSocket): Promise<string> {
  const [error] = (await once(socket, 'error', { signal: deadline() }).catch((thrown: unknown) => [
    thrown,
  ])) as [Error];
  return error.message;
}

const connect = generate({
  cmd: 'connect',
  protocolId: 'MQTT',
  protocolVersion: 4,
  clientId: 'gw-1',
  username: 'nobody',
  clean: true,
  keepalive: 60,
});

describe('WebSockets', () => {
  it('carry MQTT at the path of all SDKs, with the subprotocol mqtt', async (t) => {
    const socket = open(t, await simulatorFor(t), '/$iothub/websocket?iothub-no-client-cert=true', 'mqtt');
    await once(socket, 'open', { signal: deadline() });
    assert.equal(socket.protocol, 'mqtt');
    // A packet in two frames: what counts is the stream of bytes.
    socket.send(connect.subarray(0, 7));
    socket.send(connect.subarray(7));
    const [answer] = (await once(socket, 'message', { signal: deadline() })) as [Buffer];
    assert.deepEqual([...answer], [0x20, 2, 0, 4]);
    await once(socket, 'close', { signal: deadline() });
  });

  it('are refused at another path with 404', async (t) => {
    const simulator = await simulatorFor(t);
    assert.equal(await refusal(open(t, simulator, '/mqtt', 'mqtt')), 'Unexpected server response: 404');
  });

  it('are refused without the subprotocol with 400', async (t) => {
    const simulator = await simulatorFor(t);
    assert.equal(await refusal(open(t, simulator, '/$iothub/websocket')), 'Unexpected server response: 400');
  });

  it('that are open do not keep the simulator from stopping', async (t) => {
    const simulator = await simulatorFor(t);
    const socket = open(t, simulator, '/$iothub/websocket', 'mqtt');
    await once(socket, 'open', { signal: deadline() });
    const closed = once(socket, 'close', { signal: deadline() });
    await simulator.close();
    await closed;
  });
});
