import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { metricsText } from '../../../src/local-api/metrics.ts';
import { someStatus } from './some-status.ts';

const status = someStatus;

describe('metricsText', () => {
  it('has a sample for each number, with its help and type', () => {
    const text = metricsText(status);
    const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    assert.deepEqual(
      samples.filter((line) => !line.endsWith(' 0')),
      [
        'dps_agent_connected 1',
        'dps_agent_certificate_days_left{credential="primary"} 20',
        'dps_agent_certificate_days_left{credential="secondary"} -1',
        'dps_agent_queue_messages{priority="normal"} 3',
        'dps_agent_queue_bytes{priority="normal"} 600',
        'dps_agent_queue_on_disk 1',
        'dps_agent_queue_dropped_total{priority="low",reason="cap"} 2',
        'dps_agent_queue_disk_written_bytes_total 4096',
        'dps_agent_telemetry_thinned_total{priority="low"} 5',
        'dps_agent_telemetry_refused_total{input="system",reason="oversize"} 1',
        'dps_agent_telemetry_refused_total{input="system",reason="budget"} 5',
        'dps_agent_telemetry_messages_total{outcome="sent"} 12',
        'dps_agent_telemetry_messages_total{outcome="acknowledged"} 9',
        'dps_agent_budget_used{budget="messages_per_day"} 12',
        'dps_agent_budget_allowed{budget="messages_per_day"} 8000',
        'dps_agent_wire_bytes_total{direction="sent"} 5000',
        'dps_agent_wire_bytes_total{direction="received"} 2000',
        'dps_agent_input_ok{input="system"} 1',
        'dps_agent_input_readings_total{input="system"} 7',
        'dps_agent_input_failures_total{input="boiler"} 4',
      ],
    );
    const families = new Set(samples.map((line) => line.split(/[{ ]/)[0]));
    assert.equal(text.match(/^# TYPE /gm)?.length, families.size);
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
