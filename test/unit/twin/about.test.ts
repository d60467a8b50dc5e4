import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Secret } from '../../../src/lib/secret.ts';
import type { Credential } from '../../../src/provisioning/credential.ts';
import type { Assignment } from '../../../src/provisioning/dps-client.ts';
import { aboutDevice } from '../../../src/twin/about.ts';
import { readDeviceInformation } from '../../../src/twin/device-information.ts';
import { agentVersion } from '../../../src/version.ts';
import { temporaryDirectory } from '../../fakes/temporary-directory.ts';

const assignment: Assignment = {
  assignedHub: 'hub.example',
  deviceId: 'gateway-01',
  substatus: 'initialAssignment',
  assignedAt: '2026-01-01T00:00:10.000Z',
  payload: { secretOfTheSite: 1 },
};
const credential: Credential = {
  method: 'symmetric_key',
  name: 'secondary',
  registrationId: 'gateway-01',
  key: new Secret('c2VjcmV0c2VjcmV0c2VjcmV0'),
};
const bootTime = (): Date => new Date('2026-01-01T00:00:00Z');
const daysLeft = (): number => 29;

describe('aboutDevice', () => {
  it('says what the device and the agent are, and how it was provisioned', async (t) => {
    const root = await temporaryDirectory(t);
    const about = aboutDevice({ bootTime, daysLeft, root });
    assert.deepEqual(await about(assignment, credential), {
      deviceInformation: await readDeviceInformation(agentVersion, root),
      agent: { version: agentVersion, bootTime: '2026-01-01T00:00:00.000Z' },
      provisioning: {
        hub: 'hub.example',
        deviceId: 'gateway-01',
        method: 'symmetric_key',
        credential: 'secondary',
        certificateDaysLeft: 29,
        assignedAt: '2026-01-01T00:00:10.000Z',
        substatus: 'initialAssignment',
      },
    });
  });

  it('takes an earlier substatus out of the twin where DPS gave none', async (t) => {
    const about = aboutDevice({ bootTime, daysLeft, root: await temporaryDirectory(t) });
    const { assignedHub, deviceId, assignedAt } = assignment;
    const { provisioning } = await about({ assignedHub, deviceId, assignedAt }, credential);
    assert.equal((provisioning as { substatus: unknown }).substatus, null);
  });

  it('has no name that the twin would refuse', async (t) => {
    const about = aboutDevice({ bootTime, daysLeft, root: await temporaryDirectory(t) });
    const names = JSON.stringify(await about(assignment, credential)).match(/"[^"]*"(?=:)/g) ?? [];
    assert.ok(names.length > 10);
    // protocol.md 4: no dot, no dollar sign, no blank.
    for (const name of names) assert.doesNotMatch(name, /[.$\s]/);
  });
});
