import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startAgent } from '../../support/agent.ts';
import { Scratch } from '../../support/scratch.ts';
import { enrollWithKey, simulatorFor } from '../../support/simulator.ts';

describe('telemetry, as the hub has it', () => {
  it('says what it is, when it was made and which one it is', async (t) => {
    const scratch = new Scratch();
    t.after(() => scratch.clean());
    const simulator = await simulatorFor(scratch);
    const started = Date.now();
    await startAgent({ scratch, simulator, attestation: enrollWithKey(simulator, 'gateway') });
    const third = ({
      applicationProperties,
    }: {
      applicationProperties: Readonly<Record<string, string | null>>;
    }) => applicationProperties['sequence'] === '3';
    await simulator.messages.waitFor(third, AbortSignal.timeout(15_000));
    const messages = simulator.messages.since();
    for (const { systemProperties, applicationProperties, body } of messages) {
      assert.equal(systemProperties['content-type'], 'application/json');
      assert.equal(systemProperties['content-encoding'], 'utf-8');
      const made = Date.parse(systemProperties['iothub-creation-time-utc'] ?? '');
      assert.ok(made >= started && made <= Date.now());
      assert.equal(applicationProperties['input'], 'system');
      const { memoryTotalBytes, diskTotalBytes, uptimeSeconds } = body as Record<string, number>;
      for (const figure of [memoryTotalBytes, diskTotalBytes, uptimeSeconds]) assert.ok(Number(figure) > 0);
    }
    assert.equal(
      new Set(messages.map(({ systemProperties }) => systemProperties['message-id'])).size,
      messages.length,
    );
    assert.deepEqual(
      messages.map(({ applicationProperties }) => applicationProperties['sequence']),
      ['1', '2', '3'],
    );
  });
});
