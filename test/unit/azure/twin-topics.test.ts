import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isRefusedForGood, readTwinMessage } from '../../../src/azure/twin-topics.ts';

interface SdkOutcome {
  readonly error?: string;
  readonly result?: unknown;
}

/** What the SDK makes of an answer (azure-node-sdk.md 5.1); a throw here would end the process there. */
function sdkReads(status: number, body: string): SdkOutcome {
  const message = readTwinMessage(`$iothub/twin/res/${status}/?$rid=1`, Buffer.from(body));
  assert.ok(message?.kind === 'response', JSON.stringify(message));
  const text = message.payload.toString();
  const parsed = (text === '' ? undefined : JSON.parse(text)) as
    { errorCode?: unknown; message?: unknown } | undefined;
  return parsed?.errorCode ? { error: String(parsed.message) } : { result: parsed };
}

const desired = (body: string, query = '?$version=7'): ReturnType<typeof readTwinMessage> =>
  readTwinMessage(`$iothub/twin/PATCH/properties/desired/${query}`, Buffer.from(body));

describe('an answer about the twin', () => {
  it('is handed on as it came where it is the twin', () => {
    const twin = { desired: { site: 'Zürich', $version: 7 }, reported: { $version: 3 } };
    assert.deepEqual(sdkReads(200, JSON.stringify(twin)), { result: twin });
  });

  it('is a success with 204, empty as it should be', () => {
    assert.deepEqual(sdkReads(204, ''), { result: undefined });
  });

  for (const [what, body] of [
    ['text', 'OK'],
    ['half a body', '{"a":'],
    ['an error code all the same', '{"errorCode":400004,"message":"no"}'],
  ] as const) {
    it(`is a success with 204 and ${what}`, () => {
      assert.deepEqual(sdkReads(204, body), { result: undefined });
    });
  }

  for (const [what, body] of [
    ['no body', ''],
    ['text', 'OK'],
    ['half a body', '{"desired":'],
    ['a list', '[]'],
    ['null', 'null'],
  ] as const) {
    it(`is an error with 200 and ${what}`, () => {
      assert.match(String(sdkReads(200, body).error), /status 200, .*the twin is not a JSON object/);
    });
  }

  for (const status of [300, 400, 404, 412, 429, 500, 503]) {
    it(`is an error with ${status}, in the hub’s own words`, () => {
      const body = {
        errorCode: 400004,
        trackingId: '1',
        message: 'arrays are not supported',
        timestampUtc: '',
      };
      assert.deepEqual(sdkReads(status, JSON.stringify(body)), {
        error: `status ${status}, error code 400004: arrays are not supported`,
      });
    });

    for (const [what, body] of [
      ['no body', ''],
      ['text', 'Too Many Requests'],
      ['a list', '["no"]'],
      ['null', 'null'],
      ['an object of another kind', '{"Message":"ErrorCode:ThrottlingException"}'],
      ['an error code that is text', '{"errorCode":"400004"}'],
      ['an error code that is nothing to the SDK', '{"errorCode":0}'],
    ] as const) {
      it(`is an error with ${status} and ${what}`, () => {
        assert.equal(
          sdkReads(status, body).error,
          `status ${status}, error code ${status}: no reason was given`,
        );
      });
    }
  }
});

describe('a refused report', () => {
  const refusal = (status: number): Error => new Error(`status ${status}, error code ${status}004: no`);

  it('is refused for good where the request itself is at fault', () => {
    for (const status of [400, 404, 413, 422]) assert.ok(isRefusedForGood(refusal(status)), String(status));
  });

  it('may be taken later where it is not', () => {
    for (const status of [401, 403, 408, 409, 412, 429, 500, 503, 504])
      assert.ok(!isRefusedForGood(refusal(status)), String(status));
    assert.ok(!isRefusedForGood(new Error('there was no answer in time')));
    assert.ok(!isRefusedForGood(undefined));
  });
});

describe('a patch of desired properties', () => {
  it('is read with its version, as UTF-8, nulls included', () => {
    assert.deepEqual(desired('{"site":"Zürich €","old":null,"$version":7}'), {
      kind: 'desired',
      patch: { site: 'Zürich €', old: null, $version: 7 },
    });
  });

  it('needs no version in its topic', () => {
    assert.equal(desired('{"$version":7}', '')?.kind, 'desired');
  });

  it('keeps a property named __proto__ a property', () => {
    const message = desired('{"__proto__":{"a":1},"$version":7}');
    assert.ok(message?.kind === 'desired');
    assert.deepEqual(Object.keys(message.patch), ['__proto__', '$version']);
  });

  for (const [what, body] of [
    ['no body', ''],
    ['text', 'hello'],
    ['half a body', '{"a":'],
    ['a list', '[{"$version":7}]'],
    ['null', 'null'],
    ['no version', '{"a":1}'],
    ['a version that is text', '{"$version":"7"}'],
  ] as const) {
    it(`is unreadable with ${what}`, () => {
      const message = desired(body);
      assert.ok(message?.kind === 'unreadable', JSON.stringify(message));
      assert.match(message.problem, /not a JSON object with a \$version/);
    });
  }
});

describe('a message on another topic', () => {
  for (const topic of [
    '',
    '$iothub/twin/res/2000/?$rid=1',
    '$iothub/twin/res/20/?$rid=1',
    '$iothub/twin/res/200',
    '$iothub/twin/PATCH/properties/reported/?$rid=1',
    '$iothub/methods/POST/reboot/?$rid=1',
    'devices/gateway-01/messages/devicebound/',
  ]) {
    it(`is none of the twin’s: ${JSON.stringify(topic)}`, () => {
      assert.equal(readTwinMessage(topic, Buffer.from('{"$version":1}')), undefined);
    });
  }
});
