import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseByteSize } from '../../../src/config/byte-size.ts';
import { parseConfig } from '../../../src/config/parse.ts';
import { LossReporter, agentInput } from '../../../src/telemetry/loss-reporter.ts';
import type { MessageDraft } from '../../../src/telemetry/message.ts';
import { dropReasons } from '../../../src/telemetry/queue/telemetry-queue.ts';
import type { Loss } from '../../../src/telemetry/queue/telemetry-queue.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';
import { Document, rowsOf } from '../../support/document.ts';

const page = new Document('queue.md');
const { telemetry } = parseConfig(
  'provisioning: {source: dps, scope_id: x, attestation: {method: symmetric_key, registration_id: x, symmetric_key: "env:KEY"}}',
  'queue.md',
).config;

describe('docs/queue.md', () => {
  it('names every reason for which a message is dropped', () => {
    const rows = rowsOf(page.section('What is lost is told')).map(([reason = '']) =>
      reason.replaceAll('`', ''),
    );
    assert.deepEqual(rows, [...dropReasons]);
  });

  it('shows the loss record as it is sent', async () => {
    const shown = page.blocks.find(({ type }) => type === 'json')?.text ?? '';
    const { lost } = JSON.parse(shown) as { lost: (Loss & { from: string; to: string })[] };
    const losses = lost.map(({ from, to, ...loss }) => ({
      ...loss,
      fromMs: Date.parse(from),
      toMs: Date.parse(to),
    }));
    const sent = await lossRecordOf(losses);
    assert.deepEqual(JSON.parse(String(sent.body)), JSON.parse(shown));
    assert.ok(
      page.text.includes(
        `\`input\` = \`${sent.input}\` and \`record\` = \`${String(sent.properties['record'])}\``,
      ),
    );
    assert.equal(sent.input, agentInput);
    assert.equal(sent.priority, 'high');
  });

  it('tells the defaults', () => {
    const { queue } = telemetry;
    const preset = (key: string): number | undefined => {
      const row = rowsOf(page.section('How much, and what goes first')).find(
        ([name]) => name === `\`${key}\``,
      );
      const parsed = parseByteSize(row?.[1]?.replaceAll('`', ''));
      return 'value' in parsed ? parsed.value : undefined;
    };
    assert.deepEqual(
      [preset('max_bytes'), preset('min_free'), preset('max_memory')],
      [queue.maxBytes, queue.minFreeBytes, queue.memoryMaxBytes],
    );
    assert.deepEqual([queue.durability, queue.flushIntervalMs], ['flush', 1000]);
    assert.match(page.text, /`durability: flush` \(the default\)/);
    assert.match(page.text, /`flush_interval` \(1s\)/);
    assert.ok(page.text.includes(`\`window\` messages (${telemetry.window})`));
    assert.ok(
      page.text.includes(`\`drain_rate\` messages a second at most (${telemetry.drainRatePerSecond})`),
    );
  });
});

async function lossRecordOf(losses: readonly Loss[]): Promise<MessageDraft> {
  const stop = new AbortController();
  let sent: MessageDraft | undefined;
  const queue = {
    losses,
    lossesTold: () => {
      stop.abort();
    },
    offer: (draft: MessageDraft) => {
      sent = draft;
      return { accepted: true, messageId: '', sequence: 1, safe: Promise.resolve('hub' as const) } as const;
    },
  };
  await new LossReporter(queue, new FakeClock()).run(stop.signal);
  assert.ok(sent);
  return sent;
}
