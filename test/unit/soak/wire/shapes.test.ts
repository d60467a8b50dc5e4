import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { none, Shapes, together } from '../../../../src/soak/wire/shapes.ts';

describe('shapes in force together', () => {
  it('add their delays, keep the narrower bandwidth, and lose what either would lose', () => {
    const sum = together(
      { latencyMs: 100, jitterMs: 10, loss: 0.5, bytesPerSecond: 4000 },
      { latencyMs: 50, loss: 0.5, bytesPerSecond: 9000, silent: true },
    );
    assert.deepEqual(sum, {
      latencyMs: 150,
      jitterMs: 10,
      loss: 0.75,
      bytesPerSecond: 4000,
      silent: true,
      closed: false,
    });
  });

  it('are for those they name, or for all', () => {
    const shapes = new Shapes();
    shapes.lay(1, { latencyMs: 100 });
    shapes.lay(2, { latencyMs: 30 }, ['one']);
    assert.equal(shapes.of('one').latencyMs, 130);
    assert.equal(shapes.of('other').latencyMs, 100);
    assert.equal(shapes.of(undefined).latencyMs, 100);
  });

  it('leave the others in force when one is lifted, and at last nothing', () => {
    const shapes = new Shapes();
    shapes.lay(1, { latencyMs: 100 });
    shapes.lay(2, { loss: 0.2 });
    shapes.lift(1);
    assert.equal(shapes.of('one').latencyMs, 0);
    assert.ok(Math.abs((shapes.of('one').loss ?? 0) - 0.2) < 1e-9);
    shapes.lift(2);
    assert.equal(shapes.of('one'), none);
  });

  it('tell whoever waits that they have changed', async () => {
    const shapes = new Shapes();
    shapes.lay(1, { silent: true });
    const { signal } = new AbortController();
    const over = shapes.changed.until(() => shapes.of('one').silent !== true, signal);
    shapes.lift(1);
    await over;
  });
});
