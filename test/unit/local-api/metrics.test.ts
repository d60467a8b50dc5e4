import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { metricsText } from '../../../src/local-api/metrics.ts';
import type { AgentStatus } from '../../../src/local-api/status.ts';

const status: AgentStatus = {
  agent: { version: '1.2.3', pid: 1, startedAt: '2026-01-01T00:00:00.000Z' },
  state: { name: 'connected', since: '2026-01-01T00:00:01.000Z' },
  identity: { source: 'dps', credential: 'primary' },
  certificates: [
    { name: 'primary', daysLeft: 29 },
    { name: 'secondary', daysLeft: -1 },
  ],
  clock: { state: 'good', reason: 'it is synchronised' },
  queue: { depth: 3, dropped: { cap: 2, oversize: 0 } },
};

describe('metricsText', () => {
  it('has a sample for each number, with its help and type', () => {
    const text = metricsText(status);
    const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    assert.deepEqual(samples, [
      'dps_agent_connected 1',
      'dps_agent_certificate_days_left{credential="primary"} 29',
      'dps_agent_certificate_days_left{credential="secondary"} -1',
      'dps_agent_clock_suspect 0',
      'dps_agent_queue_messages 3',
      'dps_agent_queue_dropped_total{reason="cap"} 2',
      'dps_agent_queue_dropped_total{reason="oversize"} 0',
    ]);
    assert.equal(text.match(/^# TYPE /gm)?.length, 5);
    assert.ok(text.endsWith('\n'));
  });

  it('says what is not well, and nothing of certificates where there are none', () => {
    const text = metricsText({
      ...status,
      state: { ...status.state, name: 'waiting' },
      certificates: [],
      clock: { state: 'suspect', reason: 'it is not synchronised' },
    });
    assert.match(text, /^dps_agent_connected 0$/m);
    assert.match(text, /^dps_agent_clock_suspect 1$/m);
    assert.doesNotMatch(text, /certificate/);
  });
});
