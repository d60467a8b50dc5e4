import assert from 'node:assert/strict';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import type { Twin } from '../../../src/simulator/twin.ts';
import { agentVersion } from '../../../src/version.ts';
import { startAgent } from '../../support/agent.ts';
import type { RunningAgent } from '../../support/agent.ts';
import { Scratch } from '../../support/scratch.ts';
import { enrollWithKey, simulatorFor } from '../../support/simulator.ts';

interface Reported {
  readonly telemetry?: { readonly intervalSeconds?: { value: number; ac: number; av: number; ad: string } };
  readonly [name: string]: unknown;
}

describe('the twin', () => {
  let scratch: Scratch;
  let simulator: Simulator;
  let stateDirectory: string;
  let attestation: Readonly<Record<string, string>>;

  beforeEach(async () => {
    scratch = new Scratch();
    simulator = await simulatorFor(scratch);
    stateDirectory = join(await scratch.folder(), 'state');
    attestation = enrollWithKey(simulator, 'gateway');
  });

  afterEach(() => scratch.clean());

  function start(): Promise<RunningAgent> {
    return startAgent({ scratch, simulator, attestation, stateDirectory });
  }

  function reported(): Reported {
    return simulator.registry.getTwin('gateway').reported.properties;
  }

  /** Resolves when the device has acknowledged this version of the desired properties. */
  async function acknowledged(version: number): Promise<Reported> {
    const enough = AbortSignal.timeout(10_000);
    await simulator.untilTwin('gateway', () => reported().telemetry?.intervalSeconds?.av === version, enough);
    return reported();
  }

  function desire(telemetry: { intervalSeconds: number | string } | null): number {
    return simulator.patchDesired('gateway', { telemetry }).desired.version;
  }

  async function connected(): Promise<void> {
    await simulator.messages.waitFor(() => true, AbortSignal.timeout(10_000));
    const hasReported = (twin: Twin): boolean => twin.reported.properties['agent'] !== undefined;
    await simulator.untilTwin('gateway', hasReported, AbortSignal.timeout(10_000));
  }

  it('reports the device, the agent and how it was provisioned', async () => {
    await start();
    await connected();
    const {
      deviceInformation = {},
      agent = {},
      provisioning = {},
    } = reported() as Record<string, Record<string, unknown>>;
    assert.equal(deviceInformation['__t'], 'c');
    assert.equal(deviceInformation['swVersion'], agentVersion);
    assert.ok(Number(deviceInformation['totalMemory']) > 0);
    assert.equal(agent['version'], agentVersion);
    assert.ok(Date.parse(String(agent['bootTime'])) < Date.now());
    assert.equal(provisioning['hub'], simulator.hubs[0]?.name);
    assert.equal(provisioning['method'], 'symmetric_key');
    assert.equal(provisioning['substatus'], 'initialAssignment');
    assert.ok(Date.parse(String(provisioning['assignedAt'])) <= Date.now());
  });

  it('changes the interval at once and acknowledges it in place', async () => {
    await start();
    await connected();
    const version = desire({ intervalSeconds: 30 });
    const { telemetry } = await acknowledged(version);
    assert.deepEqual(telemetry?.intervalSeconds, { value: 30, ac: 200, av: version, ad: 'applied' });
    const quiet = simulator.messages.since().length;
    desire({ intervalSeconds: 1 });
    await simulator.messages.waitFor(({ sequence }) => sequence > quiet + 2, AbortSignal.timeout(6000));
  });

  it('refuses a wrong value with the reason, and keeps the one in force', async () => {
    await start();
    await connected();
    await acknowledged(desire({ intervalSeconds: 20 }));
    const version = desire({ intervalSeconds: 'often' });
    const { telemetry } = await acknowledged(version);
    assert.deepEqual(telemetry?.intervalSeconds, {
      value: 20,
      ac: 400,
      av: version,
      ad: 'intervalSeconds must be a whole number from 1 to 86400, not "often"',
    });
  });

  it('keeps the interval over a restart without the hub', async () => {
    const first = await start();
    await connected();
    await acknowledged(desire({ intervalSeconds: 3600 }));
    await first.stop();
    simulator.faults.add({ kind: 'refuse-tcp', how: 'reset' });
    const startMs = Date.now();
    const { log } = await start();
    await log.untilState('waiting');
    await simulator.faults.clear();
    await log.untilState('connected');
    await acknowledged(desire({ intervalSeconds: 3599 }));
    // The one reading at the start, and none of those that every second would have brought. The first agent may have left some.
    const readings = simulator.messages
      .since()
      .filter(
        ({ systemProperties }) => Date.parse(systemProperties['iothub-creation-time-utc'] ?? '') >= startMs,
      );
    assert.ok(new Set(readings.map(({ systemProperties }) => systemProperties['message-id'])).size <= 1);
  });

  it('fetches what was desired while it was away', async () => {
    const first = await start();
    await connected();
    await first.stop();
    const version = desire({ intervalSeconds: 15 });
    await start();
    const { telemetry } = await acknowledged(version);
    assert.equal(telemetry?.intervalSeconds?.value, 15);
  });

  it('goes back to the configuration when the property is deleted', async () => {
    await start();
    await connected();
    await acknowledged(desire({ intervalSeconds: 3600 }));
    const quiet = simulator.messages.since().length;
    desire(null);
    await simulator.messages.waitFor(({ sequence }) => sequence > quiet + 1, AbortSignal.timeout(5000));
    assert.equal(reported().telemetry?.intervalSeconds, undefined);
  });
});
