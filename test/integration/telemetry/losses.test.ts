import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DeviceMessage } from '../../../src/simulator/message.ts';
import { FedAgent, numbersOf, range, sequenceOf } from './fed-agent.ts';

const small =
  '{drain_rate: 10000, queue: {max_bytes: 256KB, low: {max_bytes: 64KB}}, inputs: [{name: local, type: socket}]}';
const filler = 'x'.repeat(180);

describe('a queue that overflows while the hub is gone', { concurrency: true }, () => {
  it('drops the oldest of the lowest priority, and tells how many when the way is free again', async (t) => {
    const fed = await FedAgent.start(t, small);
    await overflow(fed);
    const { dropped } = await fed.queue();
    await fed.comeBack();
    const { messages, told } = await untilLossesTold(fed);

    assert.equal(countOf(told), dropped['cap']);
    assertAgree(messages, told);
    const arrived = numbersOf(messages);
    assert.ok(
      importantNumbers.every((n) => arrived.has(n)),
      'no message of high priority is lost',
    );
    assert.ok(
      latestLow.every((n) => arrived.has(n)),
      'the latest of low priority are kept',
    );
  });

  it('tells it after a restart too, and once', async (t) => {
    const fed = await FedAgent.start(t, small);
    await overflow(fed);
    await fed.stop();
    await fed.startAgain();
    await fed.comeBack();
    const { messages, told } = await untilLossesTold(fed);
    assertAgree(messages, told);

    await fed.stop();
    await fed.startAgain();
    await fed.post('/v1/telemetry', [{ n: 99_999 }]);
    const all = await fed.untilArrived((later) => numbersOf(later).has(99_999));
    assert.equal(all.filter(isLossRecord).length, messages.filter(isLossRecord).length);
  });
});

const importantNumbers = range(50).map((n) => 10_000 + n);
const latestLow = range(20).map((n) => 1580 + n);

async function overflow(fed: FedAgent): Promise<void> {
  await fed.goOffline();
  await fed.post(
    '/v1/telemetry?priority=high',
    importantNumbers.map((n) => ({ n, filler })),
  );
  for (const start of range(16).map((batch) => (batch - 1) * 100)) {
    const readings = range(100).map((n) => ({ n: start + n, filler }));
    await fed.post('/v1/telemetry?priority=low', readings);
  }
}

interface Told {
  readonly priority: string;
  readonly reason: string;
  readonly count: number;
  readonly from: string;
  readonly to: string;
}

/** Resolves when everything that was not dropped has arrived, and the record of what was. */
async function untilLossesTold(fed: FedAgent): Promise<{ messages: DeviceMessage[]; told: Told[] }> {
  const messages = await fed.untilArrived((arrived) => {
    const told = toldIn(arrived);
    return told.length > 0 && numbersOf(arrived).size + countOf(told) >= importantNumbers.length + 1600;
  });
  return { messages, told: toldIn(messages) };
}

function isLossRecord({ applicationProperties }: DeviceMessage): boolean {
  return applicationProperties['record'] === 'loss';
}

function toldIn(messages: readonly DeviceMessage[]): Told[] {
  return messages.filter(isLossRecord).flatMap(({ body }) => (body as { lost?: Told[] }).lost ?? []);
}

function countOf(told: readonly Told[]): number {
  return told.reduce((sum, { count }) => sum + count, 0);
}

/** What is told, what is missing and the gaps in the sequence numbers are the same. */
function assertAgree(messages: readonly DeviceMessage[], told: readonly Told[]): void {
  assert.ok(told.every(({ priority, reason }) => priority === 'low' && reason === 'cap'));
  assert.ok(told.every(({ from, to }) => Date.parse(from) <= Date.parse(to)));
  const missing = importantNumbers.length + 1600 - numbersOf(messages).size;
  assert.equal(countOf(told), missing);
  const sequences = new Set(messages.map(sequenceOf));
  const gaps = range(Math.max(...sequences)).filter((sequence) => !sequences.has(sequence));
  assert.equal(gaps.length, missing);
}
