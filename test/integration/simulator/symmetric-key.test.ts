import assert from 'node:assert/strict';
import { it } from 'node:test';
import device from 'azure-iot-device';
import { deriveDeviceKey } from '../../../src/simulator/keys.ts';
import { deadline, openDevice, register, simulatorFor } from './support.ts';

const k64 = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==';
const k32 = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=';
const symmetricKey = (primaryKey: string, secondaryKey: string) =>
  ({ type: 'symmetricKey', symmetricKey: { primaryKey, secondaryKey } }) as const;

for (const [which, key] of [
  ['primary', k64],
  ['secondary', k32],
] as const) {
  it(`registers with the ${which} key of an individual enrollment and sends telemetry with it`, async (t) => {
    const simulator = await simulatorFor(t);
    simulator.registry.enrollments.put('gw-1', { attestation: symmetricKey(k64, k32), deviceId: 'press-7' });
    const result = await register(simulator, 'gw-1', key);
    assert.equal(result.status, 'assigned');
    assert.equal(result['substatus'], 'initialAssignment');
    assert.equal(result.deviceId, 'press-7');
    assert.equal(result.assignedHub, simulator.hubs[0]?.name);

    const client = await openDevice(
      t,
      simulator,
      { assignedHub: result.assignedHub, deviceId: 'press-7' },
      key,
    );
    const message = new device.Message('{"temperature":21.5}');
    message.contentType = 'application/json';
    message.contentEncoding = 'utf-8';
    message.messageId = 'm-1';
    message.properties.add('site', 'Zürich & Co=1');
    await client.sendEvent(message);
    const [received] = simulator.messages.since();
    assert.ok(received);
    assert.equal(received.device, 'press-7');
    assert.deepEqual(received.body, { temperature: 21.5 });
    assert.deepEqual(received.applicationProperties, { site: 'Zürich & Co=1' });
    assert.equal(received.systemProperties['message-id'], 'm-1');
    assert.equal(received.systemProperties['iothub-connection-device-id'], 'press-7');
  });

  it(`registers a member of a group with the key derived from its ${which} key`, async (t) => {
    const simulator = await simulatorFor(t);
    simulator.registry.enrollmentGroups.put('line-1', { attestation: symmetricKey(k64, k32) });
    const deviceKey = deriveDeviceKey(key, 'Device-001');
    const result = await register(simulator, 'Device-001', deviceKey, {
      modelId: 'dtmi:com:example:Press;1',
    });
    assert.equal(result.deviceId, 'Device-001');
    const record = simulator.registry.registrations.get('device-001');
    assert.equal(record.enrollmentGroupId, 'line-1');
    assert.deepEqual(record.receivedPayload, { modelId: 'dtmi:com:example:Press;1' });
    await openDevice(t, simulator, { assignedHub: result.assignedHub, deviceId: 'Device-001' }, deviceKey);
    const connected = await simulator.connections.waitFor(({ service }) => service === 'hub', deadline());
    assert.equal(connected.authentication, 'sas');
  });
}
