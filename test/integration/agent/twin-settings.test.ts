import assert from 'node:assert/strict';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { modelId } from '../../../src/twin/model-id.ts';
import { valueAt } from '../../../src/twin/properties.ts';
import { quickRetries, startAgent } from '../../support/agent.ts';
import type { RunningAgent } from '../../support/agent.ts';
import { Scratch } from '../../support/scratch.ts';
import { enrollWithKey, simulatorFor } from '../../support/simulator.ts';
import { control } from '../simulator/support.ts';

const sections = [
  quickRetries,
  'telemetry: {inputs: [{name: fast, type: system, interval: 1s}, {name: slow, type: system, interval: 1d}]}',
];

describe('the settings from the twin, as an operator gives them', () => {
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

  async function start(): Promise<RunningAgent> {
    const agent = await startAgent({ scratch, simulator, attestation, stateDirectory, sections });
    await agent.log.untilState('connected');
    return agent;
  }

  /** By the service's REST: PATCH merges, PUT replaces. Gives the version of the desired properties. */
  async function desire(desired: object, method: 'PATCH' | 'PUT' = 'PATCH'): Promise<number> {
    const answer = await control(simulator, method, '/twins/gateway', { properties: { desired } });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return Number(valueAt(answer.body, 'properties', 'desired', '$version'));
  }

  function at(...path: string[]): unknown {
    return valueAt(simulator.registry.getTwin('gateway').reported.properties, ...path);
  }

  async function until(holds: () => boolean): Promise<void> {
    await simulator.untilTwin('gateway', holds, AbortSignal.timeout(20_000));
  }

  /** What the device says to this property, once it has answered this version or a later one with such a code. */
  async function answer(path: readonly string[], version: number, code: number): Promise<unknown> {
    await until(() => Number(at(...path, 'av')) >= version && at(...path, 'ac') === code);
    return at(...path);
  }

  it('are announced as a model, to the hub and to DPS', async () => {
    await start();
    const { body } = await control(simulator, 'GET', '/twins/gateway');
    assert.equal(valueAt(body, 'modelId'), modelId);
    const { log } = await startAgent({
      ...{ scratch, simulator, sections, attestation: enrollWithKey(simulator, 'another') },
      provisioning: ['payload: {modelId: "dtmi:mine:Thing;2", site: oslo}'],
    });
    await log.untilState('connected');
    assert.deepEqual(
      ['gateway', 'another'].map((id) => simulator.registry.registrations.get(id).receivedPayload),
      [{ modelId }, { modelId: 'dtmi:mine:Thing;2', site: 'oslo' }],
    );
  });

  it('switches inputs off and on, and sets the interval of one', async () => {
    await start();
    const inputs = { fast: { enabled: false }, slow: { intervalSeconds: 1 } };
    const version = await desire({ telemetry: { inputs } });
    assert.deepEqual(await answer(['telemetry', 'inputs'], version, 200), {
      value: inputs,
      ac: 200,
      av: version,
      ad: 'applied',
    });
    const seen = simulator.messages.since().length;
    await simulator.messages.waitFor(
      ({ sequence, applicationProperties }) =>
        sequence > seen + 1 && applicationProperties['input'] === 'slow',
      AbortSignal.timeout(10_000),
    );
    const again = await desire({ telemetry: { inputs: { fast: { figures: ['uptime'] }, slow: null } } });
    await answer(['telemetry', 'inputs'], again, 200);
    assert.deepEqual(at('telemetry', 'inputs', 'value'), { fast: { enabled: false, figures: ['uptime'] } });
  });

  it('refuses what it does not know, by name and without its value, and does the rest', async () => {
    await start();
    const version = await desire({
      telemetry: { intervalSecond: 5, drainRate: 7, inputs: { fats: {} } },
      wallpaper: { url: 'hush' },
    });
    await answer(['telemetry', 'drainRate'], version, 200);
    assert.match(String(at('telemetry', 'intervalSecond', 'ad')), /did you mean intervalSeconds\?$/);
    assert.match(String(at('telemetry', 'inputs', 'ad')), /^inputs\.fats is unknown; did you mean fast\?$/);
    assert.equal(at('wallpaper', 'ac'), 400);
    assert.doesNotMatch(JSON.stringify(simulator.registry.getTwin('gateway').reported.properties), /hush/);
  });

  it('finds out what a replacement has taken away', async () => {
    await start();
    await answer(
      ['log', 'level'],
      await desire({ log: { level: 'warn' }, telemetry: { drainRate: 7 } }),
      200,
    );
    const version = await desire({ telemetry: { drainRate: 8 } }, 'PUT');
    await answer(['telemetry', 'drainRate'], version, 200);
    await until(() => at('log', 'level') === undefined);
  });

  it('answers a hundred changes in a row with the last of them', async () => {
    await start();
    for (let rate = 1; rate < 100; rate += 1) await desire({ telemetry: { drainRate: rate } });
    const version = await desire({ telemetry: { drainRate: 100 } });
    assert.deepEqual(await answer(['telemetry', 'drainRate'], version, 200), {
      value: 100,
      ac: 200,
      av: version,
      ad: 'applied',
    });
  });

  it('keeps a connection setting that works, in a new connection', async () => {
    const agent = await start();
    const version = await desire({ connection: { keepAliveSeconds: 30 } });
    await answer(['connection', 'keepAliveSeconds'], version, 200);
    assert.equal(agent.log.lines.filter(({ state }) => state === 'connected').length, 2);
  });

  it('goes back from a proxy that does not exist, says so, and does not try it again', async () => {
    const agent = await start();
    const version = await desire({
      settings: { confirmSeconds: 5 },
      connection: { proxy: 'http://someone:hush@127.0.0.1:9' },
    });
    await answer(['connection', 'proxy'], version, 500);
    assert.match(String(at('connection', 'proxy', 'ad')), /^reverted: not connected within 5s$/);
    assert.equal(at('settings', 'confirmSeconds', 'ac'), 200);
    const next = await desire({ telemetry: { drainRate: 7 } });
    await answer(['telemetry', 'drainRate'], next, 200);
    assert.equal(at('connection', 'proxy', 'ac'), 500);
    await agent.stop();
    const said = JSON.stringify([agent.log.lines, simulator.registry.getTwin('gateway').reported]);
    assert.doesNotMatch(said, /hush/);
    const again = await start();
    await answer(['telemetry', 'drainRate'], await desire({ telemetry: { drainRate: 8 } }), 200);
    assert.equal(again.log.lines.filter(({ state }) => state === 'connected').length, 1);
  });
});
