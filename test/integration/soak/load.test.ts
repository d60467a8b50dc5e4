import assert from 'node:assert/strict';
import { join } from 'node:path';
import { afterEach, describe, it } from 'node:test';
import { SystemClock } from '../../../src/lib/clock.ts';
import { seededRandom } from '../../../src/lib/seeded-random.ts';
import { Ledger } from '../../../src/soak/ledger/ledger.ts';
import { Feeder } from '../../../src/soak/load/feeder.ts';
import { ConnectionWatch } from '../../../src/soak/observe/connection-watch.ts';
import { TwinSteering } from '../../../src/soak/observe/twin-steering.ts';
import { RecordingLog } from '../../fakes/recording-log.ts';
import { quickRetries, startAgent } from '../../support/agent.ts';
import { Scratch } from '../../support/scratch.ts';
import { enrollWithKey, simulatorFor } from '../../support/simulator.ts';

const inputs =
  'telemetry: {inputs: [{name: feed, type: socket}, {name: system, type: system, interval: 1s}]}';
const load = {
  messagesPerSecond: 20,
  bytes: [50, 2000],
  burst: { messages: 30, everyMs: 500 },
  twinEveryMs: 0,
} as const;

describe('feeding an agent', () => {
  let scratch = new Scratch();
  afterEach(async () => {
    await scratch.clean();
    scratch = new Scratch();
  });

  it('everything promised arrives at the hub once and in order, a lost connection in between or not', async () => {
    const clock = new SystemClock();
    const simulator = await simulatorFor(scratch);
    const ledger = new Ledger(['soak-1'], () => clock.monotonic());
    simulator.messages.subscribe((message) => {
      ledger.arrive(message);
    });
    const attestation = enrollWithKey(simulator, 'soak-1');
    const sections = [quickRetries, inputs];
    const agent = await startAgent({ scratch, simulator, attestation, sections, socket: true });
    const socketPath = join(agent.stateDirectory, 'agent.sock');
    const members = [{ name: 'soak-1', socketPath }];
    const feeder = new Feeder({
      members,
      ledger,
      randomFor: () => seededRandom(1),
      clock,
      log: new RecordingLog(),
      input: 'feed',
    });
    scratch.defer(() => feeder.stop());
    feeder.follow(load);
    const enough = async (messages: number): Promise<void> => {
      await simulator.messages.waitFor(
        () => ledger.totals.delivered >= messages,
        AbortSignal.timeout(15_000),
      );
    };
    await enough(50);
    simulator.faults.add({ kind: 'drop-connections' });
    await enough(200);
    await feeder.stop();
    if (ledger.totals.outstanding > 0) await enough(ledger.totals.promised);

    const entry = ledger.entries()['soak-1'];
    assert.ok(entry);
    assert.deepEqual(entry.contradictions, []);
    assert.deepEqual([entry.missing, entry.sequenceGaps], [0, 0]);
    assert.ok(entry.furthestOutOfOrder <= 64, `${entry.furthestOutOfOrder} behind`);
    assert.ok(entry.promised >= 200, `${entry.promised} promised, refused ${JSON.stringify(entry.refused)}`);
  });

  it('the agent acknowledges the property that is changed', async () => {
    const clock = new SystemClock();
    const simulator = await simulatorFor(scratch);
    const watch = new ConnectionWatch(['soak-1'], () => clock.monotonic());
    const attestation = enrollWithKey(simulator, 'soak-1');
    const cloud = { simulator };
    const steering = new TwinSteering({
      ...{ agents: ['soak-1'], cloud, hubOf: (agent) => watch.hubOf(agent), random: () => 0, clock },
      ...{ log: new RecordingLog(), elapsedMs: () => clock.monotonic() },
    });
    const watching = simulator.connections.waitFor((record) => {
      watch.see(record);
      return record.service === 'hub' && record.refused === undefined;
    }, AbortSignal.timeout(15_000));
    await startAgent({ scratch, simulator, attestation });
    await watching;
    steering.follow({ twinEveryMs: 3_600_000 });
    steering.look();
    assert.equal(steering.outstanding, 1);
    await simulator.untilTwin(
      'soak-1',
      () => {
        steering.look();
        return steering.outstanding === 0;
      },
      AbortSignal.timeout(10_000),
    );
    assert.equal(steering.seen.length, 1);
    assert.ok(steering.seen[0]?.acknowledgedMs !== undefined);
  });
});
