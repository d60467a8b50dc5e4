import assert from 'node:assert/strict';
import { duplexPair } from 'node:stream';
import type { Duplex } from 'node:stream';
import { describe, it } from 'node:test';
import { generate } from 'mqtt-packet';
import type { Packet } from 'mqtt-packet';
import { MqttConnection } from '../../../src/simulator/mqtt-connection.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';

const connect: Packet = { cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clientId: 'gw' };
const publish = (messageId: number): Packet => ({
  cmd: 'publish',
  ...{ messageId, topic: 't', payload: 'x', qos: 1, dup: false, retain: false },
});

describe('a connection to the simulator', () => {
  it('is sent the acknowledgements of what came in one piece in one piece, in order with all else', async () => {
    const client = connected();
    const pieces: string[] = [];
    client.on('data', (piece: Buffer) => pieces.push(piece.toString('hex')));
    client.write(inOnePiece(connect, publish(1), publish(0x1234), { cmd: 'pingreq' }, publish(3)));
    await pieceEnding(client, '40020003');
    assert.deepEqual(pieces.slice(0, 1), ['4002000140021234']);
    assert.equal(pieces.slice(1).join(''), 'd00040020003');
    client.destroy();
  });
});

/** The client's side; every publish is acknowledged. */
function connected(): Duplex {
  const [client, stream] = duplexPair();
  const connection: MqttConnection = new MqttConnection({
    stream,
    remoteAddress: 'test',
    clock: new FakeClock(),
    delayMs: () => 0,
    onConnect: () => ({
      packet: (packet) => {
        if (packet.cmd === 'publish' && packet.messageId !== undefined)
          connection.send({ cmd: 'puback', messageId: packet.messageId });
      },
      ended: () => undefined,
    }),
  });
  return client;
}

function inOnePiece(...packets: Packet[]): Buffer {
  return Buffer.concat(packets.map((packet) => generate(packet)));
}

function pieceEnding(client: Duplex, hex: string): Promise<void> {
  return new Promise((resolve) => {
    client.on('data', (piece: Buffer) => {
      if (piece.toString('hex').endsWith(hex)) resolve();
    });
  });
}
