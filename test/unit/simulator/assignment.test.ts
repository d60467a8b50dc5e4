import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { allocate } from '../../../src/simulator/allocation.ts';
import { assign } from '../../../src/simulator/assignment.ts';
import type { AssignmentFacts } from '../../../src/simulator/assignment.ts';
import type { Enrollment } from '../../../src/simulator/enrollment.ts';
import type { Registration } from '../../../src/simulator/registration.ts';

const hubs = ['localhost:1', 'localhost:2', 'localhost:3'];
const entry = (over: Partial<Enrollment> = {}): Enrollment => ({
  registrationId: 'gw-1',
  attestation: { type: 'symmetricKey' },
  provisioningStatus: 'enabled',
  reprovisionPolicy: { updateHubAssignment: true, migrateDeviceData: true },
  etag: '',
  createdDateTimeUtc: '',
  lastUpdatedDateTimeUtc: '',
  ...over,
});

describe('allocation', () => {
  const ids = Array.from({ length: 3000 }, (_, index) => `device-${index}`);
  const count = (linked: readonly string[]): number[] => {
    const where = ids.map((id) => allocate(entry(), id, linked));
    return linked.map((hub) => where.filter((each) => each === hub).length);
  };

  it('by hash spreads devices evenly', () => {
    for (const share of count(hubs)) assert.ok(share > 900 && share < 1100, String(share));
  });

  it('by hash moves only to a hub that is added', () => {
    for (const id of ids.slice(0, 300)) {
      const [before, after] = [allocate(entry(), id, hubs.slice(0, 2)), allocate(entry(), id, hubs)];
      assert.ok(after === before || after === 'localhost:3');
    }
  });

  it('by hash takes an ID without regard to case and keeps to the hubs that are named', () => {
    assert.equal(allocate(entry(), 'GW-1', hubs), allocate(entry(), 'gw-1', hubs));
    const named = entry({ iotHubs: ['LOCALHOST:2'] });
    for (const id of ids.slice(0, 50)) assert.equal(allocate(named, id, hubs), 'localhost:2');
  });

  it('statically takes the first hub that is named, or the first of all', () => {
    const fixed = (iotHubs: string[]): Enrollment => entry({ allocationPolicy: 'static', iotHubs });
    assert.equal(allocate(fixed(['localhost:3', 'localhost:1']), 'a', hubs), 'localhost:3');
    assert.equal(allocate(fixed([]), 'a', hubs), 'localhost:1');
    assert.equal(allocate(fixed(['elsewhere']), 'a', hubs), undefined);
    assert.equal(allocate(entry({ iotHubHostName: 'localhost:2' }), 'a', hubs), 'localhost:2');
  });
});

describe('assignment', () => {
  const previous: Registration = {
    registrationId: 'gw-1',
    attestation: 'symmetricKey',
    status: 'assigned',
    substatus: 'initialAssignment',
    assignedHub: 'localhost:1',
    deviceId: 'press-7',
    createdDateTimeUtc: '',
    lastUpdatedDateTimeUtc: '',
    etag: '',
  };
  const at = (hub: string, policy: keyof typeof policies): Enrollment =>
    entry({ allocationPolicy: 'static', iotHubs: [hub], reprovisionPolicy: policies[policy] });
  const policies = {
    migrate: { updateHubAssignment: true, migrateDeviceData: true },
    reset: { updateHubAssignment: true, migrateDeviceData: false },
    never: { updateHubAssignment: false, migrateDeviceData: false },
  };
  const facts = (over: Partial<AssignmentFacts>): AssignmentFacts => ({
    entry: entry(),
    registrationId: 'gw-1',
    previous,
    previousDeviceExists: true,
    linkedHubs: hubs,
    sameHubReset: 'deviceDataReset',
    ...over,
  });

  for (const [policy, hub, expected] of [
    ['migrate', 'localhost:2', { hub: 'localhost:2', substatus: 'deviceDataMigrated', data: 'migrate' }],
    [
      'migrate',
      'localhost:1',
      { hub: 'localhost:1', substatus: 'reprovisionedToInitialAssignment', data: 'keep' },
    ],
    ['reset', 'localhost:2', { hub: 'localhost:2', substatus: 'deviceDataReset', data: 'reset' }],
    ['reset', 'localhost:1', { hub: 'localhost:1', substatus: 'deviceDataReset', data: 'reset' }],
    ['never', 'localhost:2', { hub: 'localhost:1', substatus: 'initialAssignment', data: 'keep' }],
    ['never', 'localhost:1', { hub: 'localhost:1', substatus: 'initialAssignment', data: 'keep' }],
  ] as const) {
    it(`of a known device under "${policy}" when the entry names ${hub}`, () => {
      const assignment = assign(facts({ entry: at(hub, policy) }));
      assert.deepEqual(assignment, { kind: 'assigned', deviceId: 'press-7', ...expected });
    });
  }

  it('begins anew when the device, its record or its hub is gone', () => {
    const fresh = {
      kind: 'assigned',
      hub: 'localhost:2',
      deviceId: 'gw-1',
      substatus: 'initialAssignment',
      data: 'create',
    };
    const never = at('localhost:2', 'never');
    assert.deepEqual(assign(facts({ entry: never, previous: undefined })), fresh);
    assert.deepEqual(assign(facts({ entry: never, previousDeviceExists: false })), fresh);
    assert.deepEqual(assign(facts({ entry: never, linkedHubs: ['localhost:2'] })), fresh);
  });

  it('names the device as an individual entry says', () => {
    const assignment = assign(facts({ entry: entry({ deviceId: 'pump-1' }), previous: undefined }));
    assert.equal(assignment.kind === 'assigned' && assignment.deviceId, 'pump-1');
  });

  it('is refused to a disabled entry and fails without an eligible hub', () => {
    assert.deepEqual(assign(facts({ entry: entry({ provisioningStatus: 'disabled' }) })), {
      kind: 'disabled',
    });
    const failed = assign(facts({ entry: entry({ iotHubs: ['elsewhere'] }) }));
    assert.equal(failed.kind === 'failed' && failed.errorCode, 400208);
  });
});
