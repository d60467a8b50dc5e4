import assert from 'node:assert/strict';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { parseDuration } from '../../../src/config/duration.ts';
import { Bell } from '../../../src/lib/bell.ts';
import { LogRing } from '../../../src/logging/log-ring.ts';
import { messageBytes } from '../../../src/telemetry/message.ts';
import type { TelemetryMessage } from '../../../src/telemetry/message.ts';
import { ReadAlong } from '../../../src/telemetry/sending/read-along.ts';
import { telemetryMessage } from '../../fakes/telemetry-message.ts';
import { Scratch } from '../../support/scratch.ts';
import { startApi } from './running-api.ts';
import type { RunningApi } from './running-api.ts';

const nobody = { sent: (): void => undefined, acknowledged: (): void => undefined };

/** A stream of JSON lines, read one by one. */
class Reader {
  readonly #response: IncomingMessage;
  readonly #lines: AsyncIterator<string>;

  constructor(response: IncomingMessage) {
    this.#response = response;
    this.#lines = createInterface({ input: response })[Symbol.asyncIterator]();
  }

  async next(): Promise<Record<string, unknown>> {
    const { value } = (await this.#lines.next()) as { value: string };
    return JSON.parse(value) as Record<string, unknown>;
  }

  async toEnd(): Promise<string[]> {
    const lines: string[] = [];
    for (let one = await this.#lines.next(); one.done !== true; one = await this.#lines.next())
      lines.push(one.value);
    return lines;
  }

  async leave(): Promise<void> {
    const closed = new Promise((resolve) => this.#response.once('close', resolve));
    this.#response.destroy();
    await closed;
  }
}

describe('what the local API streams', () => {
  let scratch: Scratch;
  let sending: ReadAlong;
  let watching: number;
  let left: Bell;
  let ring: LogRing;
  let api: RunningApi;

  beforeEach(async () => {
    scratch = new Scratch();
    sending = new ReadAlong(nobody);
    watching = 0;
    left = new Bell();
    ring = new LogRing(65_536);
    const watch = (reader: typeof nobody): (() => void) => {
      const leave = sending.watch(reader);
      watching += 1;
      return () => {
        watching -= 1;
        left.ring();
        leave();
      };
    };
    api = await startApi(scratch, {
      tcpPort: 0,
      feed: { watch, bytes: messageBytes },
      logs: { source: ring, parseDuration },
    });
  });

  afterEach(() => scratch.clean());

  async function open(path: string): Promise<Reader> {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request({ socketPath: api.path, path, agent: false }, resolve).once('error', reject).end();
    });
    assert.equal(response.statusCode, 200);
    assert.match(String(response.headers['content-type']), /^application\/x-ndjson/);
    return new Reader(response);
  }

  const message = (changes: Partial<TelemetryMessage>): TelemetryMessage => ({
    ...telemetryMessage('m-1', '{"temperature":21.5}'),
    ...changes,
  });

  it('tells of a message, and when the hub has it', async () => {
    const reader = await open('/v1/telemetry/tail');
    const sent = message({ sequence: 7 });
    sending.sent(sent);
    const told = await reader.next();
    assert.deepEqual(
      [told['event'], told['sequence'], told['messageId'], told['bytes'], told['body']],
      ['sent', 7, 'm-1', messageBytes(sent), { temperature: 21.5 }],
    );
    sending.acknowledged(sent, 41.7);
    const { event, sequence, tookMs } = await reader.next();
    assert.deepEqual([event, sequence, tookMs], ['acknowledged', 7, 42]);
    sending.unacknowledged(sent);
    assert.equal((await reader.next())['event'], 'unacknowledged');
  });

  it('unpacks what is gzipped, and shows as base64 what is no text', async () => {
    const reader = await open('/v1/telemetry/tail');
    sending.sent(message({ body: gzipSync('{"flow":3}'), contentEncoding: 'gzip' }));
    assert.deepEqual((await reader.next())['body'], { flow: 3 });
    sending.sent(
      message({ body: Buffer.from([0xff, 0]), contentType: 'image/x', contentEncoding: undefined }),
    );
    assert.equal((await reader.next())['bodyBase64'], '/wA=');
    sending.sent(message({ body: 'not packed', contentType: 'text/plain', contentEncoding: 'gzip' }));
    assert.equal((await reader.next())['bodyText'], 'not packed');
    // What unpacks to more than is told of one stays packed.
    sending.sent(message({ body: gzipSync(Buffer.alloc(4_000_000)), contentEncoding: 'gzip' }));
    assert.equal(typeof (await reader.next())['bodyBase64'], 'string');
  });

  it('tells each reader only of what it has asked for', async () => {
    const reader = await open('/v1/telemetry/tail?input=b&priority=high');
    for (const [input, priority] of [
      ['a', 'high'],
      ['b', 'low'],
      ['b', 'high'],
    ] as const)
      sending.sent(message({ input, priority }));
    const { input, priority } = await reader.next();
    assert.deepEqual([input, priority], ['b', 'high']);
  });

  it('leaves out what a slow reader has no room for, and says how much', async () => {
    const reader = await open('/v1/telemetry/tail');
    for (let sequence = 1; sequence <= 1500; sequence += 1) sending.sent(message({ sequence }));
    for (let sequence = 1; sequence <= 1000; sequence += 1)
      assert.equal((await reader.next())['sequence'], sequence);
    const { event, events } = await reader.next();
    assert.deepEqual([event, events], ['omitted', 500]);
    sending.sent(message({ sequence: 2000 }));
    assert.equal((await reader.next())['sequence'], 2000);
  });

  it('stops telling whoever has gone, and all when the agent stops', async () => {
    const [one, other] = [await open('/v1/telemetry/tail'), await open('/v1/telemetry/tail')];
    assert.equal(watching, 2);
    await one.leave();
    await left.until(() => watching === 1, AbortSignal.timeout(5000));
    assert.equal(watching, 1);
    await api.stop();
    assert.deepEqual(await other.toEnd(), []);
    assert.equal(watching, 0);
  });

  it('reads out to a few at a time, and never over TCP', async () => {
    for (let count = 0; count < 4; count += 1) await open('/v1/telemetry/tail');
    const { status, body } = await api.ask({ path: '/v1/telemetry/tail' });
    assert.equal(status, 429);
    assert.equal(body['error'], 'cannot send telemetry to more than 4 at once');
    assert.equal((await api.askByTcp({ path: '/v1/telemetry/tail' })).status, 404);
    assert.equal((await api.askByTcp({ path: '/v1/logs' })).status, 404);
  });

  const line = (msg: string, level = 30, time = '2026-11-22T09:00:00Z', area = 'twin'): string =>
    JSON.stringify({ level, time, area, msg });

  it('gives the lines of the log that are wanted, oldest first', async () => {
    ring.push(line('old', 50, '2026-11-22T08:00:00Z'));
    for (const msg of ['one', 'two', 'three']) ring.push(line(msg));
    ring.push(line('grave', 50));
    ring.push(line('elsewhere', 50, '2026-11-22T09:00:00Z', 'clock'));
    const messages = async (query: string): Promise<unknown[]> =>
      (await (await open(`/v1/logs?${query}`)).toEnd()).map(
        (text) => (JSON.parse(text) as { msg: string }).msg,
      );
    assert.deepEqual(await messages(''), ['old', 'one', 'two', 'three', 'grave', 'elsewhere']);
    assert.deepEqual(await messages('lines=2&area=twin'), ['three', 'grave']);
    assert.deepEqual(await messages('level=error&since=2026-11-22T08:30:00Z'), ['grave', 'elsewhere']);
    assert.deepEqual(await messages(`until=${Date.parse('2026-11-22T08:30:00Z')}`), ['old']);
    // Which was long ago, by the clock of this machine or of any other.
    assert.deepEqual(await messages('since=1s&until=1s'), []);
  });

  it('goes on with the lines to come', async () => {
    ring.push(line('before'));
    const reader = await open('/v1/logs?follow=true&level=warn&lines=5');
    ring.push(line('not this'));
    ring.push(line('this', 40));
    assert.equal((await reader.next())['msg'], 'this');
  });

  it('refuses what it does not know', async () => {
    for (const [query, error] of [
      ['level=loud', 'cannot use level="loud": there are debug, info, warn, error'],
      ['lines=0', 'cannot use lines="0": write a whole number from 1'],
      ['follow=1', 'cannot use follow="1": write true or false'],
      ['sinse=1h', 'cannot use the parameter "sinse": there are since, until, level, area, lines, follow'],
    ] as const) {
      const { status, body } = await api.ask({ path: `/v1/logs?${query}` });
      assert.deepEqual([status, body['error']], [400, error]);
    }
    const { status, body } = await api.ask({ path: '/v1/logs?since=yesterday' });
    assert.equal(status, 400);
    assert.match(String(body['error']), /^cannot use since="yesterday": write how long ago, such as 10m/);
  });
});
