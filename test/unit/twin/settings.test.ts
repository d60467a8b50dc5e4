import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JsonObject } from '../../../src/lib/json.ts';
import { acknowledgeFailure, applyDesired } from '../../../src/twin/settings.ts';
import type { Settings } from '../../../src/twin/settings.ts';

const configuredSeconds = 60;
const version = 7;

const apply = (
  desired: JsonObject,
  current: Settings = {},
  configured: number | undefined = configuredSeconds,
) => applyDesired(current, desired, version, configured);

const acknowledgement = (desired: JsonObject, current?: Settings, configured?: number): JsonObject => {
  const { telemetry } = apply(desired, current, configured).acknowledgements;
  return (telemetry as { intervalSeconds: JsonObject }).intervalSeconds;
};

describe('applyDesired', () => {
  for (const intervalSeconds of [1, 2, 60, 3600, 86_400]) {
    it(`accepts ${intervalSeconds} s, and acknowledges it with the version that asked`, () => {
      assert.deepEqual(apply({ telemetry: { intervalSeconds } }), {
        settings: { intervalSeconds },
        acknowledgements: {
          telemetry: { intervalSeconds: { value: intervalSeconds, ac: 200, av: 7, ad: 'applied' } },
        },
      });
    });
  }

  for (const wanted of [0, -1, 86_401, 1.5, 1e300, '60', '', true, false, [], [60], {}, { seconds: 60 }]) {
    it(`refuses ${JSON.stringify(wanted)}, says why, and what holds instead`, () => {
      const { settings } = apply({ telemetry: { intervalSeconds: wanted } }, { intervalSeconds: 30 });
      assert.deepEqual(settings, { intervalSeconds: 30 });
      assert.deepEqual(acknowledgement({ telemetry: { intervalSeconds: wanted } }, { intervalSeconds: 30 }), {
        value: 30,
        ac: 400,
        av: 7,
        ad: `intervalSeconds must be a whole number from 1 to 86400, not ${JSON.stringify(wanted)}`,
      });
    });
  }

  it('says that the configuration holds where a refused value is the first', () => {
    assert.equal(acknowledgement({ telemetry: { intervalSeconds: 0 } })['value'], 60);
  });

  it('names no value where a refused one is the first and the inputs’ intervals differ', () => {
    const { acknowledgements } = applyDesired({}, { telemetry: { intervalSeconds: 0 } }, version, undefined);
    const { telemetry } = acknowledgements as { telemetry: { intervalSeconds: JsonObject } };
    assert.deepEqual(Object.keys(telemetry.intervalSeconds), ['ac', 'av', 'ad']);
  });

  it('does not send a long value back in full', () => {
    const { ad } = acknowledgement({ telemetry: { intervalSeconds: 'x'.repeat(4000) } });
    assert.ok(String(ad).length < 150);
  });

  for (const telemetry of [30, 'often', true, [30]]) {
    it(`refuses ${JSON.stringify(telemetry)} in place of the section`, () => {
      const { value, ac, ad } = acknowledgement({ telemetry });
      assert.deepEqual([value, ac], [60, 400]);
      assert.equal(ad, `telemetry must be an object with intervalSeconds, not ${JSON.stringify(telemetry)}`);
    });
  }

  for (const [what, desired] of [
    ['nothing', {}],
    ['an empty section', { telemetry: {} }],
    ['something else', { telemetry: { color: 'red' }, firmware: { version: '2' } }],
  ] as const) {
    it(`goes back to the configuration for ${what}, and withdraws its acknowledgement`, () => {
      assert.deepEqual(apply(desired, { intervalSeconds: 30 }), {
        settings: {},
        acknowledgements: { telemetry: { intervalSeconds: null } },
      });
    });
  }
});

describe('acknowledgeFailure', () => {
  it('says what holds, in the form of an acknowledgement', () => {
    assert.deepEqual(acknowledgeFailure(30, 7, 'the disk is full'), {
      telemetry: { intervalSeconds: { value: 30, ac: 500, av: 7, ad: 'the disk is full' } },
    });
    assert.deepEqual(acknowledgeFailure(undefined, 7, 'the disk is full'), {
      telemetry: { intervalSeconds: { ac: 500, av: 7, ad: 'the disk is full' } },
    });
  });
});
