import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inScope } from '../../../src/lib/scope.ts';
import { tracesAt } from '../../fakes/traces.ts';

describe('inScope', () => {
  it('gives what the work gives', async () => {
    assert.equal(await inScope(new AbortController().signal, () => Promise.resolve(7)), 7);
  });

  it('fails as the work fails, thrown or rejected', async () => {
    const { signal } = new AbortController();
    await assert.rejects(
      inScope(signal, () => Promise.reject(new Error('rejected'))),
      { message: 'rejected' },
    );
    await assert.rejects(
      inScope(signal, () => {
        throw new Error('thrown');
      }),
      { message: 'thrown' },
    );
  });

  it('is aborted when the outer signal is, for the same reason', async () => {
    const outer = new AbortController();
    await inScope(outer.signal, (scope) => {
      outer.abort(new Error('stopping'));
      assert.match(String(scope.signal.reason), /stopping/);
      return Promise.resolve();
    });
  });

  it('begins aborted when the outer signal is', async () => {
    await inScope(AbortSignal.abort(new Error('stopping')), (scope) => {
      assert.match(String(scope.signal.reason), /stopping/);
      return Promise.resolve();
    });
  });

  it('ends what was begun in it once the work has settled', async () => {
    let inner: AbortSignal | undefined;
    await inScope(new AbortController().signal, (scope) => {
      inner = scope.signal;
      assert.equal(inner.aborted, false);
      return Promise.resolve();
    });
    assert.equal(inner?.aborted, true);
  });

  it('does not abort the outer signal', async () => {
    const outer = new AbortController();
    await inScope(outer.signal, (scope) => {
      scope.abort(new Error('only this'));
      return Promise.resolve();
    });
    assert.equal(outer.signal.aborted, false);
  });

  it('leaves nothing at the outer signal', async () => {
    const outer = new AbortController();
    await inScope(outer.signal, () => Promise.resolve());
    await assert.rejects(inScope(outer.signal, () => Promise.reject(new Error('broken'))));
    assert.equal(tracesAt(outer.signal), 0);
  });
});
