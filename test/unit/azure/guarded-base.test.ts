import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TLSSocket } from 'node:tls';
import { Socket } from 'node:net';
import { GuardedMqttBase } from '../../../src/azure/guarded-base.ts';
import { MqttLink } from '../../../src/azure/mqtt-link.ts';

describe('the SDK’s MQTT machine, guarded', () => {
  it('tells of a line that broke before it connected, instead of throwing where nobody can catch it', () => {
    const socket = new TLSSocket(new Socket());
    socket.destroy();
    const link = new MqttLink({ connectTimeoutMs: 1000, keepAliveMs: 1000 }, { stream: socket, socket });
    const base = new GuardedMqttBase(link, { filter: () => undefined, forwardErrors: true });
    const told: unknown[] = [];
    base.connect(
      { uri: 'mqtts://hub', username: 'device', clientId: 'device', sharedAccessSignature: 'one' },
      (error) => told.push(error),
    );
    assert.match(String(told[0]), /cannot connect again/);
    assert.equal(told.length, 1);
  });
});
