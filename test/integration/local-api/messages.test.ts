import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { Scratch } from '../../support/scratch.ts';
import { startApi } from './running-api.ts';

const path = '/v1/messages';

describe('messages posted to the local API', () => {
  let scratch: Scratch;

  beforeEach(() => {
    scratch = new Scratch();
  });

  afterEach(() => scratch.clean());

  it('are taken as their envelopes say', async () => {
    const { ask, desk } = await startApi(scratch);
    const lines = [
      { body: { a: [1, null] }, component: 'line1', priority: 'high', ttl: '10m', time: 1_767_225_600_000 },
      { bodyText: 'Grüße', properties: { site: 'Oslo 1' }, time: '2026-01-01T01:00:00+01:00' },
      { bodyBase64: 'AAEC/w==', contentType: 'image/x', contentEncoding: 'gzip' },
      { body: null },
    ];
    const { status, body } = await ask({ path, body: lines.map((line) => JSON.stringify(line)).join('\n') });
    assert.deepEqual([status, body], [202, { accepted: 4, stored: 'disk' }]);
    const createdAtMs = Date.UTC(2026, 0, 1);
    const json = { contentType: 'application/json', contentEncoding: 'utf-8' };
    assert.deepEqual(desk.messages, [
      {
        ...json,
        body: '{"a":[1,null]}',
        properties: {},
        component: 'line1',
        priority: 'high',
        ttlMs: 600_000,
        createdAtMs,
      },
      {
        body: 'Grüße',
        contentType: 'text/plain',
        contentEncoding: 'utf-8',
        properties: { site: 'Oslo 1' },
        createdAtMs,
      },
      { body: Buffer.from([0, 1, 2, 255]), contentType: 'image/x', contentEncoding: 'gzip', properties: {} },
      { ...json, body: 'null', properties: {} },
    ]);
  });

  it('are one raw body, with headers for its properties in their own case', async () => {
    const { ask, desk } = await startApi(scratch);
    const body = Buffer.from([1, 2, 255]);
    const headers = { 'Content-Type': 'Application/X-Thing', 'X-Property-siteName': 'Oslo' };
    const given = '?priority=low&component=camera&ttl=1h';
    assert.equal((await ask({ path: path + given, body, headers })).status, 202);
    await ask({ path, body: 'hello', headers: { 'Content-Type': 'text/plain' } });
    await ask({ path, body: 'hi', headers: { 'Content-Type': 'text/x; charset="ISO-8859-1"' } });
    await ask({ path, body, headers: { 'Content-Type': 'a/b', 'Content-Encoding': 'gzip' } });
    const [first, ...others] = desk.messages;
    assert.deepEqual(first, {
      body,
      contentType: 'application/x-thing',
      contentEncoding: undefined,
      properties: { siteName: 'Oslo' },
      priority: 'low',
      component: 'camera',
      ttlMs: 3_600_000,
    });
    assert.deepEqual(
      others.map(({ contentEncoding }) => contentEncoding),
      ['utf-8', 'iso-8859-1', 'gzip'],
    );
  });

  it('say themselves what the address says of all of them', async () => {
    const { ask, desk } = await startApi(scratch);
    const body = '{"body":1,"priority":"high"}\n{"body":2}';
    assert.equal((await ask({ path: `${path}?priority=low`, body })).status, 202);
    assert.deepEqual(
      desk.messages.map(({ priority }) => priority),
      ['high', 'low'],
    );
  });

  const wrong: readonly (readonly [unknown, number, RegExp])[] = [
    [3, 400, /expected an object with a body/],
    [{}, 400, /expected exactly one of body, bodyText, bodyBase64/],
    [{ body: 1, bodyText: 'x' }, 400, /expected exactly one of/],
    [{ body: 1, prio: 'high' }, 400, /cannot use the key "prio": there are body, /],
    [{ bodyText: 3 }, 400, /cannot use bodyText: expected text/],
    [{ bodyBase64: 3 }, 400, /cannot use bodyBase64: expected text/],
    [{ bodyBase64: 'AAE!' }, 400, /it is not base64/],
    [{ bodyBase64: 'AAECA' }, 400, /it is not base64/],
    [{ bodyBase64: 'AA=C' }, 400, /it is not base64/],
    [{ body: 1, contentType: '' }, 400, /cannot use contentType ""/],
    [{ body: 1, properties: { sequence: '1' } }, 400, /every message has one of that name/],
    [{ body: 1, properties: { 'a b': '1' } }, 400, /cannot name a property "a b"/],
    [{ body: 1, properties: { a: 1 } }, 400, /cannot use property a: expected up to 1024/],
    [{ body: 1, properties: [] }, 400, /expected an object of texts/],
    [{ body: 1, component: '1' }, 400, /cannot use component "1"/],
    [{ body: 1, priority: 1 }, 400, /cannot use priority number/],
    [{ body: 1, ttl: 'soon' }, 400, /cannot use ttl: expected a duration such as/],
    [{ body: 1, ttl: 0 }, 400, /expected a duration from 1s to 365d/],
    [{ body: 1, time: 'today' }, 400, /cannot use time "today": expected ISO 8601/],
    [{ body: 1, time: 1_767_225_600 }, 400, /or milliseconds since 1970/],
    [{ bodyText: 'x'.repeat(262_145) }, 413, /it has 262145 bytes, and IoT Hub takes at most 262144/],
  ];
  for (const [value, expectedStatus, error] of wrong) {
    it(`are refused with the reason: ${JSON.stringify(value).slice(0, 60)}`, async () => {
      const { ask, desk } = await startApi(scratch);
      const { status, body } = await ask({ path, body: JSON.stringify([{ body: 1 }, value]) });
      assert.deepEqual([status, body['index'], body['accepted']], [expectedStatus, 1, 0]);
      assert.match(String(body['error']), error);
      assert.deepEqual(desk.messages, []);
    });
  }

  it('are refused raw with the reason', async () => {
    const { ask } = await startApi(scratch);
    const type = { 'Content-Type': 'application/octet-stream' };
    const twice = { ...type, 'x-property-a': ['1', '2'] };
    const doubled = await ask({ path, body: 'x', headers: twice });
    assert.deepEqual([doubled.status, doubled.body['accepted']], [400, 0]);
    const large = await ask({ path, body: Buffer.alloc(262_145), headers: type });
    assert.equal(large.status, 413);
    const ttl = await ask({ path: `${path}?ttl=soon`, body: '{"body":1}' });
    assert.deepEqual([ttl.status, String(ttl.body['error']).includes('cannot use ttl')], [400, true]);
    const untyped = await ask({ path, body: 'hello' });
    assert.match(String(untyped.body['error']), /for a body that is no JSON give its Content-Type/);
  });
});
