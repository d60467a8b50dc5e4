import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { generate } from 'mqtt-packet';
import type { Packet } from 'mqtt-packet';
import { PubackTap } from '../../../src/azure/puback-tap.ts';

const puback = (messageId: number): Packet => ({ cmd: 'puback', messageId });
/** Its payload looks like acknowledgements, wherever it is cut. */
const publish: Packet = {
  cmd: 'publish',
  ...{ topic: 't', payload: Buffer.from('40020001'.repeat(40), 'hex'), qos: 0, dup: false, retain: false },
};
const sent = [puback(1), publish, puback(0xffff), puback(7), { cmd: 'pingresp' }, puback(2)] as const;
const bytes = bytesOf(sent);

describe('a tap for PUBACKs', () => {
  it('takes its own out of whatever pieces they come in, and passes everything else on', () => {
    const others = bytesOf([publish, puback(7), { cmd: 'pingresp' }]).toString('hex');
    for (let first = 0; first <= bytes.length; first += 1) {
      for (const second of [first, first + 1, first + 3, bytes.length]) {
        const pieces = [bytes.subarray(0, first), bytes.subarray(first, second), bytes.subarray(second)];
        assert.deepEqual(tapped(pieces), { taken: [1, 0xffff, 2], passed: others }, `${first}, ${second}`);
      }
    }
  });

  it('takes them byte by byte', () => {
    const pieces = Array.from(bytes, (byte) => Buffer.from([byte]));
    assert.deepEqual(tapped(pieces).taken, [1, 0xffff, 2]);
  });

  it('leaves to the reader what is no MQTT', () => {
    const nonsense = Buffer.from('40ffffffff40020001', 'hex');
    assert.deepEqual(tapped([nonsense, nonsense]), {
      taken: [],
      passed: nonsense.toString('hex').repeat(2),
    });
  });

  it('passes on at the end what has only begun', () => {
    assert.equal(tapped([Buffer.from('4002', 'hex')]).passed, '4002');
  });
});

/** With all acknowledgements its own but that of 7. */
function tapped(pieces: readonly Buffer[]): { readonly taken: number[]; readonly passed: string } {
  const taken: number[] = [];
  const tap = new PubackTap((packetId) => packetId !== 7 && taken.push(packetId) > 0);
  for (const piece of pieces) tap.write(piece);
  tap.end();
  const passed: Buffer[] = [];
  for (let part = tap.read() as Buffer | null; part !== null; part = tap.read() as Buffer | null)
    passed.push(part);
  return { taken, passed: Buffer.concat(passed).toString('hex') };
}

function bytesOf(packets: readonly Packet[]): Buffer {
  return Buffer.concat(packets.map((packet) => generate(packet)));
}
