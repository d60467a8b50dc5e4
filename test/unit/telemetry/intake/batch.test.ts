import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { BatchConfig } from '../../../../src/config/inputs/batch.ts';
import type { JsonObject } from '../../../../src/lib/json.ts';
import { maxMessageBytes, messageBytes } from '../../../../src/telemetry/message.ts';
import type { MessageContent } from '../../../../src/telemetry/message.ts';
import { Batch, Shrinkage, TimeWriter } from '../../../../src/telemetry/intake/batch.ts';
import type { Envelope } from '../../../../src/telemetry/intake/batch.ts';
import { seededRandom } from '../../../fakes/seeded-random.ts';

const config: BatchConfig = { maxReadings: 10_000, maxBytes: 4096, maxDelayMs: 10_000, compression: 'none' };
const envelope: Envelope = { input: 'test', component: 'pump', properties: { place: 'cellar' } };
const time = '2026-01-01T00:00:00.000Z';
const timeMs = Date.parse(time);

/** As the intake does it. */
function gathered(texts: readonly string[], settings: BatchConfig, around = envelope): MessageContent[] {
  const shrinkage = new Shrinkage();
  const messages: MessageContent[] = [];
  let batch = new Batch(around, settings, shrinkage);
  const close = (): void => {
    if (batch.size > 0) messages.push(batch.close(timeMs));
    batch = new Batch(around, settings, shrinkage);
  };
  for (const text of texts) {
    const bytes = Buffer.byteLength(text);
    if (!batch.fits(bytes)) close();
    batch.add(text, bytes);
    if (batch.isFull) close();
  }
  close();
  return messages;
}

function unpacked({ body, contentEncoding }: MessageContent): unknown {
  const text = contentEncoding === 'gzip' ? gunzipSync(body).toString() : String(body);
  return JSON.parse(text);
}

/** Of sensors that move a little. */
function measurements(count: number, seed = 1): JsonObject[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, n) => ({
    time: new Date(timeMs + n * 1000).toISOString(),
    temperature: Math.round(2000 + random() * 100) / 100,
    pressure: Math.round(101_300 + random() * 50),
    state: random() < 0.9 ? 'running' : 'idle',
  }));
}

const jsonValues = fc.dictionary(
  fc.string({ unit: 'binary' }),
  fc.oneof(fc.jsonValue(), fc.double(), fc.constant(undefined)),
  {
    maxKeys: 6,
  },
);

describe('TimeWriter', () => {
  const timeMs = Date.parse(time);

  it('writes JSON, whatever was measured, that is the same when it is read', () => {
    fc.assert(
      fc.property(jsonValues, (values) => {
        const json = JSON.stringify(values);
        const expected = JSON.parse(json) as JsonObject;
        assert.deepEqual(JSON.parse(new TimeWriter().timed(json, timeMs)), { time, ...expected });
      }),
    );
  });

  it('writes the time before everything else, and the values as they came', () => {
    const writer = new TimeWriter();
    const [later, laterMs] = ['2026-01-01T00:00:01.000Z', Date.parse('2026-01-01T00:00:01Z')];
    assert.equal(writer.timed('{ "a": 1.0 }', timeMs), `{"time":"${time}", "a": 1.0 }`);
    assert.equal(writer.timed('{"a":1}', timeMs), `{"time":"${time}","a":1}`);
    assert.equal(writer.timed('{}', timeMs), `{"time":"${time}"}`);
    assert.equal(writer.timed('{"a":1}', laterMs), `{"time":"${later}","a":1}`);
  });
});

describe('Batch', () => {
  it('is one object where messages are of one reading each, and an array elsewhere', () => {
    const [single] = gathered(['{"a":1}'], { ...config, maxReadings: 1 });
    assert.equal(single?.body, '{"a":1}');
    const [array] = gathered(['{"a":1}'], config);
    assert.ok(array);
    assert.equal(String(array.body), '[{"a":1}]');
    assert.deepEqual(
      [array.contentType, array.contentEncoding, array.createdAtMs, array.component, array.properties],
      ['application/json', 'utf-8', timeMs, 'pump', { place: 'cellar' }],
    );
  });

  it('holds no more readings than it may', () => {
    const messages = gathered(Array<string>(25).fill('{}'), { ...config, maxReadings: 10 });
    assert.deepEqual(
      messages.map((message) => (unpacked(message) as unknown[]).length),
      [10, 10, 5],
    );
  });

  it('is never above its size, unless a single reading is, and holds exactly what was measured', () => {
    const sizes = fc.integer({ min: 1024, max: 8192 });
    const lengths = fc.array(fc.integer({ min: 0, max: 1500 }), { maxLength: 60 });
    fc.assert(
      fc.property(sizes, lengths, fc.constantFrom('x', 'ü', '🛰'), (maxBytes, all, letter) => {
        const texts = all.map((length) => JSON.stringify({ a: letter.repeat(length) }));
        const messages = gathered(texts, { ...config, maxBytes });
        for (const message of messages) {
          const { length } = unpacked(message) as unknown[];
          assert.ok(messageBytes(message) <= maxBytes || length === 1, `${messageBytes(message)} bytes`);
        }
        const expected: unknown[] = texts.map((text) => JSON.parse(text) as unknown);
        assert.deepEqual(messages.flatMap(unpacked), expected);
      }),
    );
  });

  it('makes good use of its size', () => {
    const texts = measurements(500).map((values) => JSON.stringify(values));
    const messages = gathered(texts, config).slice(0, -1);
    for (const message of messages) assert.ok(messageBytes(message) > 4096 - 120);
  });

  describe('compressed', () => {
    const gzip: BatchConfig = { ...config, compression: 'gzip' };

    it('holds exactly what was measured', () => {
      const all = measurements(2000);
      const messages = gathered(
        all.map((values) => JSON.stringify(values)),
        gzip,
      );
      assert.deepEqual(messages.flatMap(unpacked), all);
      assert.ok(messages.every(({ contentEncoding }) => contentEncoding === 'gzip'));
    });

    for (const properties of [{}, { where: 'x'.repeat(900) }]) {
      const about = `${JSON.stringify(properties).length} bytes of properties`;
      it(`comes to its size, and rarely above it, with ${about}`, () => {
        const texts = measurements(8000).map((values) => JSON.stringify(values));
        const sizes = gathered(texts, gzip, { ...envelope, properties }).map(messageBytes);
        const above = sizes.filter((bytes) => bytes > 4096);
        assert.ok(above.length <= sizes.length / 50, `${above.length} of ${sizes.length} above`);
        for (const bytes of sizes.slice(20, -1)) assert.ok(bytes > 3400, `only ${bytes} bytes`);
      });
    }

    it('adapts when what is measured shrinks less', () => {
      const random = seededRandom(7);
      const noise = Array.from({ length: 500 }, () => ({ a: random(), b: random(), c: random() }));
      const texts = [...measurements(3000), ...noise].map((values) => JSON.stringify(values));
      const sizes = gathered(texts, gzip).map(messageBytes);
      const above = sizes.filter((bytes) => bytes > 4096);
      assert.ok(above.length <= 3, `${above.length} of ${sizes.length} above`);
    });

    it('learns nothing from batches that were closed before they were full', () => {
      const shrinkage = new Shrinkage();
      const before = shrinkage.factor;
      const batch = new Batch(envelope, gzip, shrinkage);
      batch.add('{"a":1}', 7);
      batch.close(timeMs);
      assert.equal(shrinkage.factor, before);
    });

    it('is never above what the hub takes, though it had seemed to shrink well', () => {
      const random = seededRandom(3);
      const measured = (values: () => number): JsonObject => ({
        inlet: values(),
        outlet: values(),
        ambient: values(),
        setpoint: values(),
      });
      const same = Array.from({ length: 20_000 }, () => measured(() => 20.123456789));
      const dense = Array.from({ length: 20_000 }, () => measured(random));
      const texts = [...same, ...dense].map((values) => JSON.stringify(values));
      const messages = gathered(texts, { ...gzip, maxReadings: 10_000, maxBytes: 240 * 1024 });
      for (const message of messages) {
        assert.ok(messageBytes(message) <= maxMessageBytes, `${messageBytes(message)} bytes`);
        assert.ok(JSON.stringify(unpacked(message)).length <= 240 * 1024, 'more than that to unpack');
      }
    });
  });
});
