import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { startAgentProcess } from '../support/agent-process.ts';
import { Scratch } from '../support/scratch.ts';
import { enrollWithKey, simulatorFor } from '../support/simulator.ts';

describe('a restart from the cloud', () => {
  let scratch: Scratch;
  let simulator: Simulator;

  beforeEach(async () => {
    scratch = new Scratch();
    simulator = await simulatorFor(scratch);
  });

  afterEach(() => scratch.clean());

  it('ends the process in order with status 75, when the call has been answered', async () => {
    const attestation = enrollWithKey(simulator, 'gateway');
    const { log, exited } = await startAgentProcess({ scratch, simulator, attestation });
    await log.untilState('connected');
    const request = { methodName: 'restart', connectTimeoutInSeconds: 10 };
    const result = await simulator.invokeMethod('gateway', request);
    assert.deepEqual(result, { status: 200, payload: { accepted: true } });
    assert.deepEqual(await exited, { code: 75, signal: null });
    assert.ok(log.lines.some(({ state }) => state === 'stopped'));
  });
});
