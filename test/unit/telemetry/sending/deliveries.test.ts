import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Deliveries } from '../../../../src/telemetry/sending/deliveries.ts';
import { telemetryMessage } from '../../../fakes/telemetry-message.ts';

const never = new AbortController().signal;
const numbered = (sequence: number): ReturnType<typeof telemetryMessage> => ({
  ...telemetryMessage(`m${sequence}`),
  sequence,
});

describe('Deliveries', () => {
  it('count what goes out, told of each, and what is acknowledged', () => {
    const told: number[] = [];
    const deliveries = new Deliveries(({ sequence }) => told.push(sequence));
    for (const sequence of [1, 2, 2]) deliveries.sent(numbered(sequence));
    deliveries.acknowledged(numbered(2), 10);
    assert.deepEqual(deliveries.count, { sent: 3, acknowledged: 1 });
    assert.deepEqual(told, [1, 2, 2]);
    const { byPriority, latency } = deliveries.figures;
    assert.deepEqual(byPriority.normal, { sent: 3, acknowledged: 1 });
    assert.deepEqual(byPriority.high, { sent: 0, acknowledged: 0 });
    assert.deepEqual([latency.count, latency.sumMs], [1, 10]);
  });

  it('tell when all that was held is acknowledged, whatever comes after it', async () => {
    const deliveries = new Deliveries(() => undefined);
    let acknowledged: number | undefined;
    const waiting = deliveries.until(2, 5, never).then((count) => (acknowledged = count));
    for (const sequence of [6, 7, 4]) deliveries.acknowledged(numbered(sequence), 10);
    assert.equal(acknowledged, undefined);
    deliveries.acknowledged(numbered(5), 10);
    await waiting;
    assert.equal(acknowledged, 2);
  });

  it('say how far it came when nobody waits any longer', async () => {
    const deliveries = new Deliveries(() => undefined);
    const enough = new AbortController();
    const waiting = deliveries.until(3, 5, enough.signal);
    deliveries.acknowledged(numbered(3), 10);
    enough.abort();
    assert.equal(await waiting, 1);
  });

  it('have nothing to wait for when nothing is held', async () => {
    assert.equal(await new Deliveries(() => undefined).until(0, 5, never), 0);
  });
});
