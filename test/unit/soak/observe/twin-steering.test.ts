import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { seededRandom } from '../../../../src/lib/seeded-random.ts';
import { startSimulator } from '../../../../src/simulator/simulator.ts';
import type { Simulator } from '../../../../src/simulator/simulator.ts';
import { TwinSteering } from '../../../../src/soak/observe/twin-steering.ts';
import { FakeClock } from '../../../fakes/fake-clock.ts';
import { RecordingLog } from '../../../fakes/recording-log.ts';
import { temporaryDirectory } from '../../../fakes/temporary-directory.ts';

interface Steered {
  readonly simulator: Simulator;
  readonly hub: string;
  readonly clock: FakeClock;
  readonly steering: TwinSteering;
  /** The device answers as the agent does. */
  acknowledge(agent: string, ac?: number, value?: number): void;
}

async function steered(test: TestContext): Promise<Steered> {
  const simulator = await startSimulator({ dataDirectory: await temporaryDirectory(test) });
  test.after(() => simulator.close());
  const [hub] = simulator.registry.hubs;
  assert.ok(hub);
  for (const agent of ['one', 'two']) simulator.registry.putDevice(agent, {}, hub.name);
  const clock = new FakeClock();
  const steering = new TwinSteering({
    agents: ['one', 'two', 'never seen'],
    cloud: { simulator },
    hubOf: (agent) => (agent === 'never seen' ? undefined : hub.name),
    random: seededRandom(1),
    clock,
    log: new RecordingLog(),
    elapsedMs: () => clock.monotonic(),
  });
  const acknowledge = (agent: string, ac = 200, value?: number): void => {
    const { version, properties } = simulator.registry.getTwin(agent).desired;
    const { confirmSeconds } = properties['settings'] as { confirmSeconds: number };
    const settings = { confirmSeconds: { value: value ?? confirmSeconds, ac, av: version, ad: 'in force' } };
    hub.store.report(agent, { settings });
  };
  return { simulator, hub: hub.name, clock, steering, acknowledge };
}

/** Far enough for every agent's first turn, and not for a second one. */
async function oneChangeEach({ clock, steering }: Steered): Promise<void> {
  steering.follow({ twinEveryMs: 60_000 });
  await clock.advance(60_000);
  steering.look();
  steering.follow({ twinEveryMs: 0 });
}

describe('steering twins', () => {
  it('changes each agent’s, and sees when it is acknowledged', async (test) => {
    const all = await steered(test);
    await oneChangeEach(all);
    assert.equal(all.steering.outstanding, 2);
    await all.clock.advance(1500);
    all.acknowledge('one');
    all.steering.look();
    assert.deepEqual(all.steering.seen, [
      { agent: 'one', version: 2, atMs: 60_000, acknowledgedMs: 61_500 },
      { agent: 'two', version: 2, atMs: 60_000 },
    ]);
  });

  it('takes a refusal for no acknowledgement', async (test) => {
    const all = await steered(test);
    await oneChangeEach(all);
    all.acknowledge('one', 400);
    all.steering.look();
    assert.equal(all.steering.outstanding, 2);
  });

  it('takes the version with another value for no acknowledgement', async (test) => {
    const all = await steered(test);
    await oneChangeEach(all);
    all.acknowledge('one', 200, 1);
    all.steering.look();
    assert.equal(all.steering.outstanding, 2);
  });

  it('takes a later version’s acknowledgement for the earlier ones', async (test) => {
    const all = await steered(test);
    await oneChangeEach(all);
    await oneChangeEach(all);
    assert.equal(all.steering.outstanding, 4);
    all.acknowledge('one');
    all.steering.look();
    assert.equal(all.steering.outstanding, 2);
  });

  it('waits for nothing of a twin that was made anew', async (test) => {
    const all = await steered(test);
    await oneChangeEach(all);
    all.simulator.registry.deleteDevice('one');
    all.simulator.registry.putDevice('one', {}, all.hub);
    all.simulator.registry.deleteDevice('two');
    all.steering.look();
    assert.equal(all.steering.outstanding, 0);
    assert.equal(all.steering.omitted['twins that were reset'], 2);
  });

  it('does nothing while the plan wants nothing', async (test) => {
    const all = await steered(test);
    await all.clock.advance(60_000);
    all.steering.look();
    assert.deepEqual(all.steering.seen, []);
  });
});
