import assert from 'node:assert/strict';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { startAgent } from '../../support/agent.ts';
import { Scratch } from '../../support/scratch.ts';
import {
  dpsConnections,
  enrollWithKey,
  newKey,
  putKeyEnrollment,
  simulatorFor,
} from '../../support/simulator.ts';

/** Rungs of the ladder in docs/provisioning.md that outage.test.ts, ways-in.test.ts and moved-hub.test.ts do not climb. */
describe('the ladder', () => {
  let scratch: Scratch;
  let simulator: Simulator;

  beforeEach(async () => {
    scratch = new Scratch();
    simulator = await simulatorFor(scratch, { hubs: 2 });
  });

  afterEach(() => scratch.clean());

  async function arrives(device: string, hub?: string): Promise<void> {
    const wanted = AbortSignal.timeout(15_000);
    await simulator.messages.waitFor(
      (each) => each.device === device && (hub ?? each.hub) === each.hub,
      wanted,
    );
  }

  it('failures in a row at one hub lead to DPS, which may have moved the device', async () => {
    const [first, second] = simulator.hubs.map(({ name }) => name);
    const at = (hub: string | undefined): object => ({ allocationPolicy: 'static', iotHubs: [hub] });
    const attestation = enrollWithKey(simulator, 'gateway', at(second));
    const sections = [
      'connection: {retry: {initial: 100ms, maximum: 1s}, reprovision_after_failures: 3, reprovision_spread: 0s}',
      'telemetry: {inputs: [{name: system, type: system, interval: 1s}]}',
    ];
    const { log } = await startAgent({ scratch, simulator, attestation, sections });
    await arrives('gateway', second);
    putKeyEnrollment(simulator, 'gateway', attestation['symmetric_key'] ?? '', at(first));
    simulator.faults.add({
      kind: 'refuse-tcp',
      how: 'closed',
      ...(second === undefined ? {} : { hub: second }),
    });
    simulator.faults.add({ kind: 'drop-connections' });
    await arrives('gateway', first);
    const failures = log.lines.filter(
      (line) => line['state'] === 'waiting' && line['code'] === 'NET-REFUSED',
    );
    assert.ok(failures.length >= 1 && failures.length <= 3, `${failures.length} refused connections`);
  });

  it('the hub last known is tried again while DPS refuses the device', async () => {
    const attestation = enrollWithKey(simulator, 'gateway');
    const stateDirectory = join(await scratch.folder(), 'state');
    const first = await startAgent({ scratch, simulator, attestation, stateDirectory });
    await arrives('gateway');
    await first.stop();
    simulator.faults.add({ kind: 'dps-error', status: 401 });
    const provisioning = ['always_reprovision_on_startup: true'];
    const { log } = await startAgent({ scratch, simulator, attestation, stateDirectory, provisioning });
    await log.untilCode('DPS-401');
    await log.untilState('connected');
  });

  it('a second key serves when the first is refused by DPS, is remembered, and said in the twin', async () => {
    const secondary_symmetric_key = newKey();
    putKeyEnrollment(simulator, 'gateway', secondary_symmetric_key);
    const attestation = {
      method: 'symmetric_key',
      registration_id: 'gateway',
      symmetric_key: newKey(),
      secondary_symmetric_key,
    };
    const stateDirectory = join(await scratch.folder(), 'state');
    const first = await startAgent({ scratch, simulator, attestation, stateDirectory });
    await arrives('gateway');
    const { reported } = await simulator.untilTwin(
      'gateway',
      (twin) => 'provisioning' in twin.reported.properties,
      AbortSignal.timeout(10_000),
    );
    assert.equal((reported.properties['provisioning'] as { credential: string }).credential, 'secondary');
    await first.stop();

    const before = dpsConnections(simulator);
    const second = await startAgent({ scratch, simulator, attestation, stateDirectory });
    await second.log.untilState('connected');
    assert.equal(dpsConnections(simulator), before, 'the second start knows which credential works');
  });

  it('a second key serves when the hub no longer takes the first', async () => {
    const attestation = enrollWithKey(simulator, 'gateway');
    const secondary_symmetric_key = newKey();
    const { log } = await startAgent({
      scratch,
      simulator,
      attestation: { ...attestation, secondary_symmetric_key },
    });
    await arrives('gateway');
    const asked = dpsConnections(simulator);
    const hub = simulator.registry.hubOf('gateway').name;
    const symmetricKey = { primaryKey: secondary_symmetric_key, secondaryKey: secondary_symmetric_key };
    simulator.registry.putDevice('gateway', { authentication: { type: 'sas', symmetricKey } }, hub);
    const from = log.lines.length;
    simulator.faults.add({ kind: 'drop-connections' });
    await log.untilState('connected', 15_000, from);
    assert.equal(dpsConnections(simulator), asked);
  });

  it('DPS is spared after three registrations in a row, and the program says so', async () => {
    const attestation = enrollWithKey(simulator, 'gateway');
    simulator.faults.add({ kind: 'dps-error', status: 500 });
    const { log } = await startAgent({ scratch, simulator, attestation });
    const line = await log.untilCode('DPS-BUDGET', 20_000);
    assert.ok(Number(line['delayMs']) > 30_000);
    assert.equal(dpsConnections(simulator), 3);
  });
});
