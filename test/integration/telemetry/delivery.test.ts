import assert from 'node:assert/strict';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { DeviceMessage } from '../../../src/simulator/message.ts';
import { FedAgent, idOf, numberOf, numbersOf, pass, range, sequenceOf } from './fed-agent.ts';

const socket = '{name: local, type: socket}';

describe('what is posted', { concurrency: true }, () => {
  it('drains at its rate after an outage, and does not keep what is urgent waiting', async (t) => {
    const fed = await FedAgent.start(t, `{drain_rate: 20, inputs: [${socket}]}`);
    await fed.goOffline();
    // Made ten seconds apart: what was made faster than the rate would be drained faster too.
    const madeMs = Date.now() - 3_600_000;
    const backlog = range(120).map((n) => ({ body: { n }, time: madeMs + n * 10_000 }));
    await fed.post('/v1/messages', backlog);
    await fed.comeBack();
    await fed.untilArrived((messages) => messages.length >= 10);
    await fed.post('/v1/telemetry?priority=high', [{ n: 1000 }]);

    const messages = await fed.untilArrived((arrived) => numbersOf(arrived).size === 121);
    const order = messages.map(numberOf);
    assert.ok(order.indexOf(1000) < 80, `the urgent one was number ${order.indexOf(1000)} to arrive`);
    assert.deepEqual(
      order.filter((n) => n !== 1000),
      range(120),
    );
    const times = messages.map(({ systemProperties }) =>
      Date.parse(systemProperties['iothub-enqueuedtime'] ?? ''),
    );
    // 120 at 20 a second, of which a second's worth may be made good.
    assert.ok((times.at(-1) ?? 0) - (times[0] ?? 0) >= 4000, 'faster than it should');
  });

  it('is what the steps of its input make of it', async (t) => {
    const steps = 'process: [{scale: {t: {factor: 2}}}, {select: [n, t]}]';
    const fed = await FedAgent.start(t, `{inputs: [{name: local, type: socket, ${steps}}]}`);
    await fed.post(
      '/v1/telemetry',
      range(4).map((n) => ({ n, t: n + 0.5, x: 'left out' })),
    );
    const messages = await fed.untilArrived((arrived) => arrived.length >= 4);
    assert.deepEqual(
      messages.map(({ body }) => body),
      range(4).map((n) => ({ n, t: 2 * n + 1 })),
    );
  });

  it('is refused by an input that is switched off, and by no other', async (t) => {
    const fed = await FedAgent.start(t, `{inputs: [${socket}, {name: off, type: socket, enabled: false}]}`);
    for (const path of ['/v1/telemetry', '/v1/messages'])
      assert.equal((await fed.answerTo(`${path}?input=off`, [{ body: 1 }]))?.status, 404);
    await fed.post('/v1/telemetry?input=local', [{ n: 1 }]);
    const messages = await fed.untilArrived((arrived) => arrived.length > 0);
    assert.deepEqual(
      messages.map(({ body }) => body),
      [{ n: 1 }],
    );
  });

  it('outlives a restart in an outage: all arrive, once, under the numbers they were given', async (t) => {
    const fed = await FedAgent.start(t, `{drain_rate: 10000, inputs: [${socket}]}`);
    await fed.goOffline();
    assert.equal(
      await fed.post(
        '/v1/telemetry',
        range(300).map((n) => ({ n })),
      ),
      'disk',
    );
    assert.equal((await fed.queue()).depth, 300);
    await fed.stop();
    await fed.startAgain();
    assert.equal((await fed.queue()).depth, 300);
    await fed.comeBack();

    const messages = await fed.untilArrived((arrived) => arrived.length >= 300);
    assert.deepEqual(messages.map(numberOf), range(300));
    assert.deepEqual(messages.map(sequenceOf), range(300));
    assert.equal(new Set(messages.map(idOf)).size, 300);
  });

  it('is sent again under the same ID when a restart comes before its acknowledgement', async (t) => {
    const fed = await FedAgent.start(t, `{drain_rate: 10000, inputs: [${socket}]}`);
    fed.simulator.faults.add({ kind: 'swallow-pubacks' });
    await fed.post(
      '/v1/telemetry',
      range(50).map((n) => ({ n })),
    );
    await fed.untilArrived((messages) => messages.length >= 50);
    await fed.stop();
    await fed.simulator.faults.clear();
    const first = fed.simulator.messages.since();
    await fed.startAgain();

    const all = await fed.untilArrived((messages) => messages.length >= first.length + 50);
    const told = (message: DeviceMessage): string =>
      `${numberOf(message)} ${idOf(message)} ${sequenceOf(message)}`;
    assert.deepEqual(new Set(all.map(told)), new Set(first.map(told)));
  });

  it('comes in batches that unpack to what was posted', async (t) => {
    const batch = '{max_readings: 40, max_bytes: 64KB, max_delay: 200ms, compression: gzip}';
    const fed = await FedAgent.start(t, `{batch: ${batch}, inputs: [${socket}]}`);
    const readings = range(200).map((n) => ({ n, room: `room ${n % 7}`, temperature: 20 + n / 16 }));
    await fed.post('/v1/telemetry', readings);

    const messages = await fed.untilArrived((arrived) => arrived.flatMap(unpacked).length >= 200);
    assert.equal(messages.length, 5);
    for (const { systemProperties } of messages) {
      assert.equal(systemProperties['content-type'], 'application/json');
      assert.equal(systemProperties['content-encoding'], 'gzip');
    }
    assert.deepEqual(
      messages.flatMap(unpacked).map(({ time: _, ...values }) => values),
      readings,
    );
  });

  it('leaves the disk alone while the hub takes it', async (t) => {
    // Long enough for an acknowledgement on the busiest machine.
    const fed = await FedAgent.start(t, `{queue: {flush_interval: 30s}, inputs: [${socket}]}`);
    await fed.post('/v1/telemetry', [{ n: 0 }]);
    // What a start and a connection leave behind is written by now.
    await pass(1000);
    const before = await filesIn(fed.stateDirectory);
    const { diskBytesWritten } = await fed.queue();
    for (const post of range(50)) {
      const readings = range(10).map((n) => ({ n: post * 10 + n - 10 }));
      assert.equal(await fed.post('/v1/telemetry', readings), 'hub');
    }
    assert.equal((await fed.queue()).diskBytesWritten, diskBytesWritten);
    assert.deepEqual(await filesIn(fed.stateDirectory), before);
    assert.equal(numbersOf(fed.simulator.messages.since()).size, 501);
  });
});

interface Reading {
  readonly time?: unknown;
}

function unpacked({ bodyBase64 }: DeviceMessage): Reading[] {
  if (bodyBase64 === undefined) return [];
  return JSON.parse(gunzipSync(Buffer.from(bodyBase64, 'base64')).toString()) as Reading[];
}

/** Every file with its size and the time of its last change. */
async function filesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  const lines = await Promise.all(
    names.map(async (name) => {
      const { size, mtimeMs } = await stat(join(folder, name));
      return `${name} ${size} ${mtimeMs}`;
    }),
  );
  return lines.sort();
}
