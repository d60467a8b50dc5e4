import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { MessageRig, until } from './message-rig.ts';

describe('cloud-to-device messages', () => {
  let rig: MessageRig;

  beforeEach(async () => {
    rig = await MessageRig.create();
  });

  afterEach(() => rig.scratch.clean());

  it('run a program with their body and properties', async () => {
    const { command, inputs } = rig.recorder('inputs');
    const environment = rig.recorder('environment');
    const tell = environment.command.replace('cat;', "env | grep '^DPS_' | sort;");
    await rig.start(
      `[{match: {property: {job: 'set-*'}}, command: ${command}}, {match: {property: {job: tell}}, command: ${tell}}]`,
    );
    rig.send({ body: 'Grüße, 世界 \u{1f44b}', messageId: 'm-1', properties: { job: 'set-valve' } });
    await until(async () => (await inputs()).length === 1);
    assert.deepEqual(await inputs(), ['Grüße, 世界 \u{1f44b}']);

    const properties = { job: 'tell', 'odd name': "it's (50%)*", empty: '' };
    rig.send({ messageId: 'm-2', correlationId: 'a/b=c&d', contentType: 'text/plain', properties });
    // The last of them, behind a line of its own: before, the program is still writing.
    await until(async () => (await environment.inputs()).at(-1) === '');
    assert.deepEqual(await environment.inputs(), [
      'DPS_MESSAGE_CONTENT_TYPE=text/plain',
      'DPS_MESSAGE_CORRELATION_ID=a/b=c&d',
      'DPS_MESSAGE_ID=m-2',
      'DPS_MESSAGE_PROPERTIES={"job":"tell","odd name":"it\'s (50%)*","empty":""}',
      'DPS_MESSAGE_PROPERTY_EMPTY=',
      'DPS_MESSAGE_PROPERTY_JOB=tell',
      "DPS_MESSAGE_PROPERTY_ODD_NAME=it's (50%)*",
      '',
    ]);
    await rig.untilTaken();
  });

  it('come to the device that was away, all fifty of them, in their order', async () => {
    const { command, inputs } = rig.recorder('inputs');
    const device = await rig.start(`[{command: ${command}}]`);
    await device.stop();
    for (let count = 0; count < 50; count += 1) rig.send({ body: `n${count}` });
    assert.equal(rig.waitingAtHub(), 50);
    const again = await rig.start(`[{command: ${command}}]`);
    await rig.untilTaken();
    await until(() => again.status.handled === 50, 60_000);
    assert.deepEqual(
      await inputs(),
      Array.from({ length: 50 }, (_, index) => `n${index}`),
    );
  });

  it('are read whatever stands in their topic', async () => {
    const { command, inputs } = rig.recorder('environment');
    const tell = command.replace('cat;', 'echo \\"$DPS_MESSAGE_ID $DPS_MESSAGE_PROPERTIES\\";');
    const device = await rig.start(`[{command: ${tell}}]`);
    await device.stop();
    const bags = [
      '%zz=%E0%A4%A&%24.mid=a&bare&=v&x=1=2',
      '',
      '?%24.mid=b&y=%C3%BC/',
      '%24.exp=never&a/b=c/d',
    ];
    for (const bag of bags) rig.sendRaw(bag, 'body');
    const again = await rig.start(`[{command: ${tell}}]`);
    await until(() => again.status.handled === bags.length);
    const lines = (await inputs()).filter((line) => line !== '');
    assert.deepEqual(lines, [
      'a {"%zz":"%E0%A4%A","bare":"","":"v","x":"1=2"}',
      ' {}',
      'b {"y":"ü"}',
      ' {"a/b":"c/d"}',
    ]);
    // Handled may be before the hub has heard of it.
    await rig.untilTaken();
  });

  it('are taken once, whatever becomes of the process that receives them', async () => {
    const { command, inputs } = rig.recorder('inputs');
    const rules = `[{command: ${command}}]`;
    const device = await rig.start(rules);
    await device.stop();
    const bodies = Array.from({ length: 50 }, (_, index) => `n${index}`);
    for (const body of bodies) rig.send({ body });
    // Killed as soon as some were acknowledged: at that moment one is being written, or is written and not acknowledged.
    // Where all have been taken by then, which takes milliseconds, the kill is one with a full inbox.
    for (const left of [49, 35, 20])
      await rig.receiveUntilKilled(rules, () => until(() => rig.waitingAtHub() <= left, 30_000));

    const last = await rig.start(rules);
    await until(async () => (await inputs()).length >= bodies.length, 60_000);
    await rig.untilTaken();
    await until(() => last.status.waiting === 0);
    assert.deepEqual((await inputs()).toSorted(), bodies.toSorted());
  });

  it('are recognised when they come again, after a restart too', async () => {
    const { command, inputs } = rig.recorder('inputs');
    const rules = `[{command: ${command}}]`;
    const first = await rig.start(rules);
    rig.send({ body: 'open', messageId: 'job-1' });
    rig.send({ body: 'open', messageId: 'job-1' });
    rig.send({ body: 'shut', messageId: 'job-1' });
    await until(() => first.status.handled === 2);
    assert.equal(first.status.duplicates, 1);
    await first.stop();
    const second = await rig.start(rules);
    rig.send({ body: 'shut', messageId: 'job-1' });
    await until(() => second.status.duplicates === 1);
    assert.deepEqual(await inputs(), ['open', 'shut']);
    await rig.untilTaken();
  });

  it('of one rule wait while it fails; those of others do not', async () => {
    const [failing, good] = [rig.recorder('failing', 3), rig.recorder('good')];
    const retry = '{attempts: 2, initial: 100ms, maximum: 100ms}';
    const device = await rig.start(
      `[{name: bad, match: {property: {bad: '*'}}, command: ${failing.command}, retry: ${retry}}, {command: ${good.command}}]`,
    );
    rig.send({ body: 'one', messageId: 'lost', properties: { bad: '' } });
    rig.send({ body: 'two' });
    await until(async () => (await good.inputs()).length === 1);
    await until(() => device.status.failed === 1);
    assert.deepEqual(await failing.inputs(), ['one', 'one']);
    const line = await device.log.until(({ msg }) => msg.includes('set aside'));
    assert.match(line.msg, /by bad, set aside: cannot use sh: it ended with status 3$/);
    assert.equal(line['messageId'], 'lost');
    assert.deepEqual(await readdir(join(rig.folder, 'state/messages/failed')), ['1.json']);
    assert.deepEqual([device.status.handled, device.status.waiting], [1, 0]);
  });

  it('that no rule is for are dropped, and said once of a kind', async () => {
    const device = await rig.start(`[{match: {message_id: 'job-*'}, local_api: true}]`);
    for (const body of ['secret body one', 'secret body two']) rig.send({ body, properties: { kind: 'x' } });
    await until(() => device.status.unmatched === 2);
    await rig.untilTaken();
    const told = device.log.lines.filter(({ msg }) => msg.includes('no rule of on_message'));
    assert.equal(told.length, 1);
    assert.ok(!JSON.stringify(device.log.lines).includes('secret body'));
  });

  it('that name a method call it, as IoT Central sends commands to a device that need not be there', async () => {
    const calls: unknown[] = [];
    const device = await rig.start('[]', (name, payload) => {
      calls.push([name, payload]);
      const afterwards = (): void => void calls.push('afterwards');
      return Promise.resolve({ status: name === 'unheard-of' ? 404 : 200, payload: {}, afterwards });
    });
    rig.send({ body: { level: 'debug' }, properties: { 'method-name': 'setLogLevel' } });
    rig.send({ properties: { 'method-name': 'ping' } });
    rig.send({ properties: { 'method-name': 'unheard-of' } });
    rig.send({ body: 'no JSON', properties: { 'method-name': 'ping' } });
    await until(() => device.status.handled + device.status.failed === 4);
    assert.deepEqual(calls, [
      ['setLogLevel', { level: 'debug' }],
      'afterwards',
      ['ping', undefined],
      'afterwards',
      ['unheard-of', undefined],
    ]);
    assert.equal(device.status.failed, 2);
  });

  it('go on over sessions', async () => {
    const { command, inputs } = rig.recorder('inputs');
    const device = await rig.start(`[{command: ${command}}]`);
    rig.send({ body: 'before' });
    await until(async () => (await inputs()).length === 1);
    await device.reconnect();
    rig.send({ body: 'after' });
    await until(async () => (await inputs()).length === 2);
    assert.deepEqual(await inputs(), ['before', 'after']);
  });
});
