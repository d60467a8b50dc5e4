import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { Scratch } from '../../support/scratch.ts';
import { audit } from '../methods/rig.ts';
import { control } from '../simulator/support.ts';
import { until } from '../telemetry/fed-agent.ts';
import { SteeredDevice } from './steered-device.ts';

describe('cloud-to-device messages to a running agent', () => {
  let scratch: Scratch;
  let device: SteeredDevice;
  let handled: string;

  beforeEach(async () => {
    scratch = new Scratch();
    handled = join(await scratch.folder(), 'handled');
    const script = `/bin/cat >> ${handled}; echo " for $DPS_MESSAGE_PROPERTY_JOB" >> ${handled}`;
    device = await SteeredDevice.start(scratch, [
      `on_message: [{match: {property: {job: "set-*"}}, command: [/bin/sh, -c, ${JSON.stringify(script)}]}]`,
    ]);
  });

  afterEach(() => scratch.clean());

  /** By the service's REST. */
  async function send(message: object): Promise<void> {
    const { status, body } = await control(
      device.simulator,
      'POST',
      '/devices/gateway/messages/deviceBound',
      message,
    );
    assert.equal(status, 201, JSON.stringify(body));
  }

  const waitingAtHub = (): number =>
    device.simulator.registry.hubOf('gateway').store.deliverable('gateway').length;

  it('that name a method reach the same methods as calls do, as IoT Central’s offline commands', async () => {
    await send({
      body: { level: 'error', area: 'twin', forSeconds: 60 },
      properties: { 'method-name': 'log*setLogLevel' },
    });
    await device.agent.log.until(({ msg }) => msg.includes('setLogLevel answered with 200'));
    const { payload } = await device.call('setLogLevel', { level: 'configured' });
    assert.deepEqual(payload['areas'], {});
    assert.equal(waitingAtHub(), 0);
  });

  it('that name a method are carried out when the device is there again, each once', async () => {
    await device.agent.stop();
    for (const name of ['ping', 'status', 'no-such-method', 'ping'])
      await send({ properties: { 'method-name': name } });
    await device.restart();
    const { log } = device.agent;
    await until('all were called', () => Promise.resolve(audit(log).length >= 4));
    assert.deepEqual(audit(log), [
      'direct method ping answered with 200',
      'direct method status answered with 200',
      'direct method no-such-method answered with 404: there is no method no-such-method',
      'direct method ping answered with 200',
    ]);
    await until('the hub has none of them', () => Promise.resolve(waitingAtHub() === 0));
  });

  it('that a rule is for are given to its program, and no others', async () => {
    await send({ body: 'nothing', properties: { job: 'get-valve' } });
    await send({ body: 'open', properties: { job: 'set-valve' } });
    await send({ body: 'Grüße', properties: { job: 'set-text' } });
    const text = (): Promise<string> => readFile(handled, 'utf8').catch(() => '');
    await until('both are handled', async () => (await text()).endsWith(' for set-text\n'));
    assert.equal(await text(), 'open for set-valve\nGrüße for set-text\n');
    await until('the hub has none of them', () => Promise.resolve(waitingAtHub() === 0));
  });
});
