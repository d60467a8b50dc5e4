import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EnrollmentInput } from '../../../src/simulator/enrollment.ts';
import { deriveDeviceKey } from '../../../src/simulator/keys.ts';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { register, simulatorFor } from './support.ts';
import { connectToDps, sasToken, Wire } from './wire.ts';

const key = Buffer.alloc(32, 1).toString('base64');
const otherKey = Buffer.alloc(32, 2).toString('base64');
const keys = (primaryKey = key): EnrollmentInput['attestation'] => ({
  type: 'symmetricKey',
  symmetricKey: { primaryKey, secondaryKey: primaryKey },
});

const registerTopic = (rid: string): string => `$dps/registrations/PUT/iotdps-register/?$rid=${rid}`;
const bodyOf = (payload: string | Buffer): Record<string, unknown> =>
  JSON.parse(payload.toString()) as Record<string, unknown>;

describe('who DPS lets in', () => {
  it('connects a wrong key and answers 401 when it registers', async (t) => {
    const simulator = await simulatorFor(t);
    simulator.registry.enrollments.put('gw-1', { attestation: keys() });
    const { wire, connack } = await connectToDps(t, simulator, 'gw-1', otherKey);
    assert.equal(connack.returnCode, 0);
    assert.deepEqual(await wire.subscribe(['$dps/registrations/res/#', 1], ['devices/#', 1]), [1, 0x80]);
    wire.publish(registerTopic('r1'), '{"registrationId":"gw-1"}', { qos: 1, messageId: 1 });
    await wire.next('puback');
    const answer = await wire.next('publish');
    assert.equal(answer.topic, '$dps/registrations/res/401/?$rid=r1');
    assert.equal(answer.qos, 1);
    const { errorCode, trackingId, timestampUtc } = bodyOf(answer.payload);
    assert.equal(errorCode, 401002);
    assert.match(String(trackingId), /^[0-9a-f-]{36}$/);
    assert.match(String(timestampUtc), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$/);
    await assert.rejects(register(simulator, 'nobody', key), { name: 'UnauthorizedError' });
  });

  it('refuses a wrong key at CONNECT when told to', async (t) => {
    const simulator = await simulatorFor(t, { refuseAtConnect: true });
    simulator.registry.enrollments.put('gw-1', { attestation: keys() });
    assert.equal((await connectToDps(t, simulator, 'gw-1', otherKey)).connack.returnCode, 5);
    assert.equal((await connectToDps(t, simulator, 'gw-1', key)).connack.returnCode, 0);
  });

  it('refuses an ID scope it does not know with code 3', async (t) => {
    const simulator = await simulatorFor(t);
    assert.equal((await connectToDps(t, simulator, 'gw-1', key, '0ne00000000')).connack.returnCode, 3);
  });

  it("never takes a group's own key, nor a registration ID that is not one", async (t) => {
    const simulator = await simulatorFor(t);
    simulator.registry.enrollmentGroups.put('line', { attestation: keys() });
    await assert.rejects(register(simulator, 'gw-1', key), { name: 'UnauthorizedError' });
    await assert.rejects(register(simulator, 'gw 1', deriveDeviceKey(key, 'gw 1')), {
      name: 'ArgumentError',
    });
  });

  it('answers "disabled" to a disabled enrollment, and lets one block a member of a group', async (t) => {
    const simulator = await simulatorFor(t);
    simulator.registry.enrollmentGroups.put('line', { attestation: keys() });
    const memberKey = deriveDeviceKey(key, 'gw-1');
    assert.equal((await register(simulator, 'gw-1', memberKey)).status, 'assigned');
    simulator.registry.enrollments.put('gw-1', {
      attestation: keys(otherKey),
      provisioningStatus: 'disabled',
    });
    await assert.rejects(register(simulator, 'gw-1', memberKey), /status is disabled/);
    await assert.rejects(register(simulator, 'gw-1', otherKey), /status is disabled/);
    await assert.rejects(register(simulator, 'gw-1', key), { name: 'UnauthorizedError' });
    assert.equal(simulator.registry.registrations.get('gw-1').status, 'disabled');
  });
});

describe('registering', () => {
  it('answers 202 with an operation that can be polled, under the retry-after it was given', async (t) => {
    const simulator = await simulatorFor(t, { retryAfterSeconds: 3 });
    simulator.registry.enrollments.put('gw-1', { attestation: keys() });
    const { wire } = await connectToDps(t, simulator, 'gw-1', key);
    await wire.subscribe(['$dps/registrations/res/#', 0]);
    wire.publish(registerTopic('1'), '{"registrationId":"gw-1"}');
    const accepted = await wire.next('publish');
    assert.equal(accepted.topic, '$dps/registrations/res/202/?$rid=1&retry-after=3');
    assert.equal(accepted.qos, 0);
    const { operationId, status } = bodyOf(accepted.payload);
    assert.equal(status, 'assigning');
    assert.match(String(operationId), /^\d\.[0-9a-f]{16}\.[0-9a-f-]{36}$/);
    const poll = (rid: string, id: unknown): void => {
      wire.publish(
        `$dps/registrations/GET/iotdps-get-operationstatus/?$rid=${rid}&operationId=${String(id)}`,
        ' ',
      );
    };
    poll('2', operationId);
    const assigned = await wire.next('publish');
    assert.equal(assigned.topic, '$dps/registrations/res/200/?$rid=2');
    const state = bodyOf(assigned.payload)['registrationState'] as Record<string, unknown>;
    assert.equal(state['assignedHub'], simulator.hubs[0]?.name);
    assert.deepEqual(state['symmetricKey'], {});
    assert.match(Buffer.from(String(state['etag']), 'base64').toString(), /^".+"$/);
    poll('3', '5.0000000000000000.none');
    const missing = await wire.next('publish');
    assert.equal(missing.topic, '$dps/registrations/res/404/?$rid=3');
    assert.equal(bodyOf(missing.payload)['errorCode'], 404203);
  });

  it('takes tokens with every spelling of sr that clients send', async (t) => {
    const simulator = await simulatorFor(t, { scopeId: '0ne00ABC123' });
    const k64 = Buffer.from(Array.from({ length: 64 }, (_, index) => index)).toString('base64');
    simulator.registry.enrollmentGroups.put('line', { attestation: keys(k64) });
    // The vectors of protocol.md 11.
    for (const [sr, sig] of [
      ['0ne00ABC123%2Fregistrations%2Fdevice-001', '59L1KU3%2B95esXuiL%2BNmwuMAu5zdKzs0HlAK2%2BlleVzE%3D'],
      ['0ne00ABC123/registrations/device-001', 'jStsu0b4Hi5FGzN7IJycNbIBWueC471u43DcINGWlpU%3D'],
      ['0ne00ABC123%2fregistrations%2fdevice-001', '%2FaewjCYbPM6w4lIV4LWXfyfRI7eb1j7tm5HlRq18ggo%3D'],
    ] as const) {
      const wire = await Wire.open(t, simulator, simulator.dps.port);
      await wire.connect({
        clientId: 'device-001',
        username: '0ne00ABC123/registrations/device-001/api-version=2021-06-01&ClientVersion=c',
        password: Buffer.from(`SharedAccessSignature sr=${sr}&sig=${sig}&skn=registration&se=1893456000`),
      });
      await wire.subscribe(['$dps/registrations/res/#', 1]);
      wire.publish(registerTopic('1'), '{"registrationId":"device-001"}');
      assert.match((await wire.next('publish')).topic, /\/res\/202\//, sr);
    }
  });

  it('answers 400 to a body that is not JSON and to another registration ID', async (t) => {
    const simulator = await simulatorFor(t);
    simulator.registry.enrollments.put('gw-1', { attestation: keys() });
    const { wire } = await connectToDps(t, simulator, 'gw-1', key);
    await wire.subscribe(['$dps/registrations/res/#', 1]);
    for (const body of ['', '[]', '{"registrationId":"gw-2"}']) {
      wire.publish(registerTopic('1'), body);
      assert.equal((await wire.next('publish')).topic, '$dps/registrations/res/400/?$rid=1');
    }
    wire.publish('telemetry', 'x');
    await wire.closed;
  });

  it('hands over the payload of the enrollment and keeps the one of the device', async (t) => {
    const simulator = await simulatorFor(t);
    simulator.registry.enrollments.put('gw-1', {
      attestation: keys(),
      payload: { site: 'north' },
      initialTwin: { tags: { plant: 1 }, properties: { desired: { mode: 'slow' } } },
    });
    const result = await register(simulator, 'gw-1', key, { modelId: 'dtmi:com:x;1' });
    assert.deepEqual(result['payload'], { site: 'north' });
    assert.deepEqual(simulator.registry.registrations.get('gw-1').receivedPayload, {
      modelId: 'dtmi:com:x;1',
    });
    const twin = simulator.registry.getTwin('gw-1');
    assert.deepEqual(twin.tags, { plant: 1 });
    assert.deepEqual(twin.desired.properties, { mode: 'slow' });
  });

  it('fails with 400208 when none of the named hubs exists', async (t) => {
    const simulator = await simulatorFor(t);
    simulator.registry.enrollments.put('gw-1', { attestation: keys(), iotHubs: ['elsewhere.example'] });
    await assert.rejects(register(simulator, 'gw-1', key), (error: Error & { result?: unknown }) => {
      const { registrationState } = error.result as { registrationState: Record<string, unknown> };
      assert.equal(registrationState['errorCode'], 400208);
      return error.name === 'ProvisioningRegistrationFailedError';
    });
  });
});

describe('reprovisioning', () => {
  const policies = {
    migrate: { updateHubAssignment: true, migrateDeviceData: true },
    reset: { updateHubAssignment: true, migrateDeviceData: false },
    never: { updateHubAssignment: false, migrateDeviceData: false },
  };

  function enroll(simulator: Simulator, hub: number, policy: keyof typeof policies): void {
    simulator.registry.enrollments.put('gw-1', {
      attestation: keys(),
      allocationPolicy: 'static',
      iotHubs: [simulator.hubs[hub]?.name ?? ''],
      reprovisionPolicy: policies[policy],
      initialTwin: { properties: { desired: { mode: 'initial' } } },
    });
  }

  for (const [policy, hub, substatus, mode] of [
    ['migrate', 1, 'deviceDataMigrated', 'changed'],
    ['reset', 1, 'deviceDataReset', 'initial'],
    ['never', 0, 'initialAssignment', 'changed'],
  ] as const) {
    it(`under "${policy}" ends at hub ${hub} with the ${mode} twin when the enrollment names another hub`, async (t) => {
      const simulator = await simulatorFor(t, { hubs: 2 });
      enroll(simulator, 0, policy);
      await register(simulator, 'gw-1', key);
      simulator.patchDesired('gw-1', { mode: 'changed' });
      enroll(simulator, 1, policy);
      const result = await register(simulator, 'gw-1', key);
      assert.equal(result['substatus'], substatus);
      assert.equal(result.assignedHub, simulator.hubs[hub]?.name);
      assert.deepEqual(simulator.registry.getTwin('gw-1').desired.properties, { mode });
      const holding = simulator.registry.hubs.map(({ store }) => store.size);
      assert.deepEqual(holding, hub === 1 ? [0, 1] : [1, 0]);
    });
  }

  for (const sameHubReset of ['deviceDataReset', 'reprovisionedToInitialAssignment'] as const) {
    it(`under "reset" at the same hub starts the twin anew and says ${sameHubReset}`, async (t) => {
      const simulator = await simulatorFor(t, { sameHubReset });
      enroll(simulator, 0, 'reset');
      await register(simulator, 'gw-1', key);
      simulator.patchDesired('gw-1', { mode: 'changed' });
      const result = await register(simulator, 'gw-1', key);
      assert.equal(result['substatus'], sameHubReset);
      assert.deepEqual(simulator.registry.getTwin('gw-1').desired.properties, { mode: 'initial' });
    });
  }

  it('spreads hashed devices over the hubs and brings each back to its own', async (t) => {
    const simulator = await simulatorFor(t, { hubs: 2 });
    simulator.registry.enrollmentGroups.put('line', { attestation: keys() });
    const ids = Array.from({ length: 12 }, (_, index) => `gw-${index}`);
    const assignments = async (): Promise<string[]> => {
      const results = ids.map((id) => register(simulator, id, deriveDeviceKey(key, id)));
      return (await Promise.all(results)).map(({ assignedHub }) => assignedHub);
    };
    const first = await assignments();
    assert.equal(new Set(first).size, 2);
    assert.deepEqual(await assignments(), first);
    assert.equal(simulator.registry.registrations.get('gw-0').substatus, 'reprovisionedToInitialAssignment');
  });

  it('takes a key that was changed at the enrollment to the hub, and leaves a disabled device disabled', async (t) => {
    const simulator = await simulatorFor(t);
    simulator.registry.enrollments.put('gw-1', { attestation: keys() });
    await register(simulator, 'gw-1', key);
    simulator.registry.putDevice('gw-1', { status: 'disabled' });
    simulator.registry.enrollments.put('gw-1', { attestation: keys(otherKey) });
    await register(simulator, 'gw-1', otherKey);
    const { identity } = simulator.registry.getDevice('gw-1');
    assert.equal(identity.status, 'disabled');
    assert.deepEqual(identity.authentication, {
      type: 'sas',
      symmetricKey: { primaryKey: otherKey, secondaryKey: otherKey },
    });
  });
});

it('the tokens of these tests are the ones of the documents', () => {
  assert.equal(
    sasToken(
      'sim-hub.azure-devices.net/devices/device-001',
      'Tz4Wtei6uHSGQm0NiJy0Ijsh6/sJcnyJYOAfzqC4oKM=',
      1893456000,
    ),
    'SharedAccessSignature sr=sim-hub.azure-devices.net%2Fdevices%2Fdevice-001&sig=Yha2H8ltoTLWl3MDzZT3%2BJ2a0Xk7HiznD8wBryF0P0I%3D&se=1893456000',
  );
});
