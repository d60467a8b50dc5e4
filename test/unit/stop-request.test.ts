import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StopRequest } from '../../src/stop-request.ts';

describe('StopRequest', () => {
  it('ends the program', () => {
    const stop = new StopRequest();
    assert.ok(!stop.signal.aborted);
    stop.stop('by SIGTERM');
    assert.deepEqual([stop.signal.aborted, stop.isForRestart], [true, false]);
    assert.equal((stop.signal.reason as Error).message, 'by SIGTERM');
  });

  it('ends it to be started again', () => {
    const stop = new StopRequest();
    stop.restart('by a direct method');
    assert.deepEqual([stop.signal.aborted, stop.isForRestart], [true, true]);
  });

  it('does not start again what a person has stopped, nor the other way about', () => {
    const stopped = new StopRequest();
    stopped.stop('by SIGTERM');
    stopped.restart('by a direct method');
    assert.equal(stopped.isForRestart, false);
    const restarted = new StopRequest();
    restarted.restart('by a direct method');
    restarted.stop('by SIGTERM');
    assert.equal((restarted.signal.reason as Error).message, 'by a direct method');
  });
});
