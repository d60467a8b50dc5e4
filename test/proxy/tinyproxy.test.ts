import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { startAgent } from '../support/agent.ts';
import type { RunningAgent } from '../support/agent.ts';
import { Scratch } from '../support/scratch.ts';
import { enrollWithKey, simulatorFor } from '../support/simulator.ts';
import { keepSecret } from '../support/test-logs.ts';
import { tinyProxyFor } from './tinyproxy.ts';

const password = 'between-the-two';
const everySecond = 'telemetry: {inputs: [{name: system, type: system, interval: 1s}]}';
const connection = (transport: string): string =>
  `connection: {transport: ${transport}, retry: {initial: 100ms, maximum: 1s}, rejected_retry: {initial: 1s, maximum: 2s}}`;

describe('through tinyproxy', () => {
  let scratch: Scratch;
  let simulator: Simulator;

  beforeEach(async () => {
    keepSecret(password);
    scratch = new Scratch();
    simulator = await simulatorFor(scratch);
  });

  afterEach(() => scratch.clean());

  function agentThrough(proxy: string, transport: string): Promise<RunningAgent> {
    const attestation = enrollWithKey(simulator, 'gateway');
    const sections = [`proxy: ${proxy}`, connection(transport), everySecond];
    return startAgent({ scratch, simulator, attestation, sections });
  }

  const arrives = (): Promise<unknown> =>
    simulator.messages.waitFor(({ device }) => device === 'gateway', AbortSignal.timeout(10_000));

  for (const transport of ['mqtt', 'mqtt_ws']) {
    it(`${transport}: registers, connects and sends`, async () => {
      const { port, connects } = await tinyProxyFor(scratch);
      await agentThrough(`http://127.0.0.1:${port}`, transport);
      await arrives();
      assert.equal(connects(), 2, 'one tunnel for DPS, one for the hub');
    });

    it(`${transport}, with credentials`, async () => {
      const { port } = await tinyProxyFor(scratch, [`BasicAuth gateway ${password}`]);
      await agentThrough(`http://gateway:${password}@127.0.0.1:${port}`, transport);
      await arrives();
    });
  }

  it('without the credentials it wants: PROXY-407', async () => {
    const { port } = await tinyProxyFor(scratch, [`BasicAuth gateway ${password}`]);
    const { log } = await agentThrough(`http://127.0.0.1:${port}`, 'auto');
    await log.untilCode('PROXY-407');
  });

  it('a port that it does not let out: PROXY-REFUSED', async () => {
    const { port } = await tinyProxyFor(scratch, ['ConnectPort 443']);
    const { log } = await agentThrough(`http://127.0.0.1:${port}`, 'mqtt');
    await log.untilCode('PROXY-REFUSED');
  });
});
