import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CloudError, failures } from '../../../src/cloud-error.ts';
import type { FailureCode } from '../../../src/cloud-error.ts';
import type { ClockCondition } from '../../../src/clock-sync/condition.ts';
import { temper } from '../../../src/clock-sync/temper.ts';

/** What a wrong clock can bring about; every other failure has another cause. */
const byClock: readonly string[] = [
  'DPS-401',
  'DPS-CONNACK-4',
  'DPS-CONNACK-5',
  'HUB-CONNACK-4',
  'HUB-CONNACK-5',
  'TLS-NOT-YET-VALID',
  'TLS-EXPIRED',
  'CERT-NOT-YET-VALID',
  'CERT-EXPIRED',
];
const codes = Object.keys(failures) as FailureCode[];

const clock = (state: ClockCondition['state']): ClockCondition => ({
  state,
  sinceMs: 0,
  reason: 'it says 1970',
});

describe('tempering a failure by the clock’s condition', () => {
  for (const code of codes) {
    const sensitive = byClock.includes(code);
    it(`${code}: ${sensitive ? 'transient while the clock is suspect' : 'never touched'}`, () => {
      const error = new CloudError(code, 'connect to hub.example', { cause: new Error('socket') });
      for (const state of ['good', 'unknown'] as const) assert.equal(temper(error, clock(state)), error);
      for (const state of ['suspect', 'waiting'] as const) {
        const tempered = temper(error, clock(state));
        if (!sensitive) assert.equal(tempered, error);
        else assert.equal(tempered.kind, 'transient');
      }
    });
  }

  it('keeps the code, the cause and the service’s wish, and says why in message and remedy', () => {
    const cause = new Error('socket');
    const error = new CloudError('HUB-CONNACK-5', 'connect to hub.example', { cause, retryAfterMs: 7000 });
    const tempered = temper(error, clock('suspect'));
    assert.equal(tempered.message, `${error.message}, while the clock is suspect (it says 1970)`);
    assert.equal(tempered.remedy, `see to the clock first: timedatectl; if it is right: ${error.remedy}`);
    assert.equal(tempered.code, 'HUB-CONNACK-5');
    assert.equal(tempered.name, 'CloudError');
    assert.equal(tempered.cause, cause);
    assert.equal(tempered.retryAfterMs, 7000);
    assert.equal(error.kind, 'rejected');
  });

  it('leaves the remedy alone where that is the clock anyway', () => {
    const error = new CloudError('TLS-NOT-YET-VALID', 'connect to hub.example');
    assert.equal(temper(error, clock('suspect')).remedy, error.remedy);
  });
});
