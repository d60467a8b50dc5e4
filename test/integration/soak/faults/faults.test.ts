import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { SystemClock } from '../../../../src/lib/clock.ts';
import { seededRandom } from '../../../../src/lib/seeded-random.ts';
import type { ConnectionRecord } from '../../../../src/simulator/connection-log.ts';
import { deriveDeviceKeys } from '../../../../src/simulator/keys.ts';
import type { Battlefield, Strike } from '../../../../src/soak/faults/fault-kind.ts';
import { faultKinds } from '../../../../src/soak/faults/kinds.ts';
import { openSimulatedCloud } from '../../../../src/soak/simulated-cloud.ts';
import type { SimulatedCloud } from '../../../../src/soak/simulated-cloud.ts';
import { battlefield, member } from '../../../fakes/battlefield.ts';
import { RecordingLog } from '../../../fakes/recording-log.ts';
import { quickRetries, startAgent } from '../../../support/agent.ts';
import { Scratch } from '../../../support/scratch.ts';
import { newKey } from '../../../support/simulator.ts';

let scratch: Scratch;
let cloud: SimulatedCloud;
let keyFile: string;

beforeEach(async () => {
  scratch = new Scratch();
  const clock = new SystemClock();
  cloud = await openSimulatedCloud({
    ...{ dataDirectory: await scratch.folder(), hubs: 2, retryAfterSeconds: 0 },
    ...{ clock, random: Math.random, log: new RecordingLog() },
  });
  scratch.defer(() => cloud.close());
  keyFile = join(await scratch.folder(), 'key');
});
afterEach(() => scratch.clean());

/** The next beginning or end of a connection that satisfies. */
function next(wanted: (record: ConnectionRecord) => boolean): Promise<ConnectionRecord> {
  return new Promise((resolve, reject) => {
    const late = AbortSignal.timeout(15_000);
    late.addEventListener('abort', () => {
      reject(new Error('the connection that was waited for did not come'));
    });
    const stop = cloud.onConnection((record) => {
      if (!wanted(record)) return;
      stop();
      resolve(record);
    });
  });
}

const began = ({ service, refused, endedAt }: ConnectionRecord): boolean =>
  service === 'hub' && refused === undefined && endedAt === undefined;
const ended = ({ service, endedAt }: ConnectionRecord): boolean => service === 'hub' && endedAt !== undefined;
const refused = (record: ConnectionRecord): boolean => record.refused !== undefined;

/** A real agent, connected. Its own key stands in a file, as the soak's fleet has it. */
async function connectedAgent(key: string, secondaryKey: string): Promise<void> {
  await writeFile(keyFile, key);
  const connected = next(began);
  await startAgent({
    scratch,
    simulator: cloud.simulator,
    attestation: {
      method: 'symmetric_key',
      registration_id: 'one',
      symmetric_key: `file://${keyFile}`,
      secondary_symmetric_key: secondaryKey,
    },
    sections: [quickRetries],
  });
  await connected;
}

async function enrolledAgent(): Promise<void> {
  const [primaryKey, secondaryKey] = [newKey(), newKey()];
  cloud.simulator.registry.enrollments.put('one', {
    attestation: { type: 'symmetricKey', symmetricKey: { primaryKey, secondaryKey } },
  });
  await connectedAgent(primaryKey, secondaryKey);
}

async function agentOfGroup(): Promise<void> {
  const group = { primaryKey: newKey(), secondaryKey: newKey() };
  cloud.simulator.registry.enrollmentGroups.put('line', {
    attestation: { type: 'symmetricKey', symmetricKey: group },
  });
  const keys = deriveDeviceKeys(group, 'one');
  await connectedAgent(keys.primaryKey, keys.secondaryKey);
}

function field(attestation: 'key' | 'group' = 'key'): Battlefield {
  const fake = battlefield([member('one', { attestation, keyFile })], cloud);
  return { ...fake, clock: new SystemClock(), random: seededRandom(1) };
}

function strike(name: string, at: Battlefield, options = {}): Strike {
  const kind = faultKinds.find((each) => each.name === name);
  assert.ok(kind !== undefined);
  kind.check(options);
  assert.equal(kind.unavailable(at), undefined);
  return kind.make(options, at.fleet.members, at);
}

/** In force until `look` is done; then over. */
async function during(made: Strike, look: () => Promise<unknown>): Promise<void> {
  const over = new AbortController();
  const running = made.run(over.signal);
  await look();
  over.abort(new Error('the fault is over'));
  await running;
}

describe('faults of the cloud', () => {
  it('a hub that is out of reach is reached again', async () => {
    await enrolledAgent();
    const outage = strike('hub-outage', field());
    const dropped = next(ended);
    let isBack = false;
    const back = next(began).then(() => (isBack = true));
    await during(outage, async () => {
      await dropped;
      assert.equal(cloud.simulator.faults.list().length, 1);
    });
    assert.equal(isBack, false);
    await back;
    assert.deepEqual(cloud.simulator.faults.list(), []);
  });

  it('a cloud that is shut down comes back when the fault is over', async () => {
    await enrolledAgent();
    const before = cloud.simulator;
    const [gone, back] = [next(ended), next(began)];
    await during(strike('hub-restart', field()), () => gone);
    await back;
    assert.notEqual(cloud.simulator, before);
  });

  it('a fault outlives a restart of the cloud, and ends as it should', async () => {
    const slow = strike('dps-slow', field(), { ms: 5 });
    const { signal } = new AbortController();
    await during(slow, async () => {
      await cloud.restart(0, signal);
      while (cloud.simulator.faults.list().length === 0) await new SystemClock().sleep(10, signal);
    });
    assert.deepEqual(cloud.simulator.faults.list(), []);
  });

  it('a fault that ends while the cloud is gone opens no port', async () => {
    const stop = new AbortController();
    const restarting = cloud.restart(3_600_000, stop.signal);
    await during(strike('refuse-tcp', field(), { how: 'reset' }), () => Promise.resolve());
    stop.abort(new Error('long enough'));
    await restarting;
  });

  it('a quota that is exceeded ends connections for as long as it lasts', async () => {
    await enrolledAgent();
    const at = field();
    await during(strike('hub-quota', at, { afterMs: 10 }), async () => {
      const severed = next((record) => ended(record) && record.reason?.includes('403002') === true);
      cloud.simulator.faults.add({ kind: 'drop-connections' });
      await severed;
    });
    await next(began);
  });

  it('each that is struck has a fault of its own', async () => {
    const at = field();
    await during(strike('dps-throttled', at, { retryAfterSeconds: 7 }), () => {
      const [active] = cloud.simulator.faults.list();
      assert.deepEqual(active?.fault, { kind: 'dps-error', status: 429, retryAfter: 7, device: 'one' });
      return Promise.resolve();
    });
    assert.deepEqual(cloud.simulator.faults.list(), []);
  });
});

describe('faults of identities', () => {
  it('a device that is moved goes to its new hub', async () => {
    await enrolledAgent();
    const { registry } = cloud.simulator;
    const old = registry.registrations.get('one').assignedHub;
    const arrived = next((record) => began(record) && record.hub !== old);
    await during(strike('hub-moved', field()), () => arrived);
    assert.notEqual(registry.registrations.get('one').assignedHub, old);
  });

  it('so does a member of a group', async () => {
    await agentOfGroup();
    const old = cloud.simulator.registry.registrations.get('one').assignedHub;
    const arrived = next((record) => began(record) && record.hub !== old);
    await during(strike('hub-moved', field('group'), { old: 'deleted' }), () => arrived);
  });

  it('an agent gets on with its second key, and then with the new one', async () => {
    await enrolledAgent();
    const first = await readFile(keyFile, 'utf8');
    const back = next(began);
    await during(strike('keys-rotated', field()), async () => {
      await back;
      assert.equal(await readFile(keyFile, 'utf8'), first);
    });
    const written = await readFile(keyFile, 'utf8');
    const { attestation } = cloud.simulator.registry.enrollments.get('one');
    assert.ok(attestation.type === 'symmetricKey');
    assert.equal(attestation.symmetricKey?.primaryKey, written);
    const again = next(began);
    cloud.simulator.faults.add({ kind: 'drop-connections' });
    await again;
  });

  it('an agent of a group comes by DPS with the key of the new group key', async () => {
    await agentOfGroup();
    const first = await readFile(keyFile, 'utf8');
    const [shutOut, back] = [next(refused), next(began)];
    await during(strike('group-key-rotated', field('group')), () => back);
    await shutOut;
    assert.notEqual(await readFile(keyFile, 'utf8'), first);
  });
});
