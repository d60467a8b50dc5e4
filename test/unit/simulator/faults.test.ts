import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FaultBook, parseFault } from '../../../src/simulator/faults.ts';

describe('faults', () => {
  it('strike where they match, oldest first, as often as they were told', () => {
    const faults = new FaultBook();
    faults.add({ kind: 'refuse-connect', code: 3, device: 'a', times: 1 });
    faults.add({ kind: 'refuse-connect', code: 5, service: 'hub' });
    assert.equal(faults.strike('refuse-connect', { service: 'hub', device: 'a' })?.code, 3);
    assert.equal(faults.strike('refuse-connect', { service: 'hub', device: 'a' })?.code, 5);
    assert.equal(faults.strike('refuse-connect', { service: 'dps', device: 'a' }), undefined);
    assert.equal(faults.strike('swallow-pubacks', { service: 'hub', device: 'a' }), undefined);
    assert.deepEqual(
      faults.list().map(({ struck, left }) => [struck, left]),
      [[1, null]],
    );
  });

  it('are found without being used up', () => {
    const faults = new FaultBook();
    faults.add({ kind: 'drop-after-messages', messages: 3, times: 1 });
    assert.ok(faults.find('drop-after-messages', { device: 'a' }));
    assert.ok(faults.find('drop-after-messages', { device: 'a' }));
  });

  it('are cleared one by one or all', () => {
    const faults = new FaultBook();
    const { id } = faults.add({ kind: 'dps-slow', ms: 1 });
    faults.add({ kind: 'dps-slow', ms: 2 });
    assert.equal(faults.clear(id), 1);
    assert.equal(faults.clear(id), 0);
    assert.equal(faults.clear(), 1);
  });

  for (const [fault, reason] of [
    [{}, /kind/],
    [null, /cannot use this fault/],
    [{ kind: 'earthquake' }, /kind: .*earthquake/],
    [{ kind: 'refuse-connect' }, /code/],
    [{ kind: 'refuse-connect', code: 0 }, /code/],
    [{ kind: 'refuse-connect', code: 3, times: 0 }, /times/],
    [{ kind: 'refuse-connect', code: 3, device: '' }, /device/],
    [{ kind: 'refuse-tcp', how: 'gently' }, /how/],
    [{ kind: 'refuse-tcp', how: 'closed', times: 1 }, /times/],
    [{ kind: 'dps-error', status: 200 }, /status/],
    [{ kind: 'delay', ms: -1 }, /ms/],
    [{ kind: 'twin-error', status: 500, operation: 'put' }, /operation/],
  ] as const) {
    it(`are not ${JSON.stringify(fault)}`, () => {
      assert.throws(() => parseFault(fault), { name: 'TypeError', message: reason });
    });
  }
});
