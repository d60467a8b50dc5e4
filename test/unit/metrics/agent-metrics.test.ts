import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AgentMetrics } from '../../../src/metrics/agent-metrics.ts';
import { allMetrics } from '../../../src/metrics/all-metrics.ts';
import type { Figures } from '../../../src/metrics/figures.ts';
import { parsePrometheusText, valueOf } from '../../support/prometheus-text.ts';
import { someFigures } from './some-figures.ts';

describe('AgentMetrics', () => {
  it('tells every metric with its help and type, as Prometheus reads them', async () => {
    const parsed = parsePrometheusText(await textOf(someFigures));
    assert.deepEqual(
      parsed.map(({ name, help, type }) => ({ name, help, type })),
      allMetrics.map(({ name, help, type }) => ({ name, help, type })),
    );
    for (const { name, samples } of parsed) assert.ok(samples.length > 0, `${name} has no sample`);
  });

  it('gives each sample the labels it is said to have, and no others', async () => {
    const labels = new Map(allMetrics.map(({ name, labels = [] }) => [name, [...labels]]));
    for (const { name, type, samples } of parsePrometheusText(await textOf(someFigures))) {
      for (const sample of samples) {
        const expected = [...(labels.get(name) ?? [])];
        if (type === 'histogram' && sample.name.endsWith('_bucket')) expected.push('le');
        assert.deepEqual(Object.keys(sample.labels).sort(), expected.sort(), name);
      }
    }
  });

  it('has the figures, in base units', async () => {
    const text = await textOf(someFigures);
    const told: [string, Record<string, string>, number][] = [
      ['dps_agent_connected', {}, 1],
      ['dps_agent_connection_state', { state: 'connected' }, 1],
      ['dps_agent_connection_state', { state: 'waiting' }, 0],
      ['dps_agent_connection_state_seconds_total', { state: 'connected' }, 117],
      ['dps_agent_sessions_total', {}, 2],
      ['dps_agent_reconnects_total', { cause: 'NET-RESET' }, 1],
      ['dps_agent_connection_attempts_total', { outcome: 'NET-TIMEOUT' }, 3],
      ['dps_agent_provisioning_attempts_total', { outcome: 'DPS-401' }, 2],
      ['dps_agent_wire_bytes_total', { direction: 'sent' }, 5000],
      ['dps_agent_certificate_remaining_seconds', { credential: 'primary' }, 20 * 86_400],
      ['dps_agent_certificate_remaining_seconds', { credential: 'secondary' }, -86_400],
      ['dps_agent_clock_offset_seconds', {}, -0.25],
      ['dps_agent_clock_suspect', {}, 0],
      ['dps_agent_telemetry_messages_total', { priority: 'normal', outcome: 'sent' }, 10],
      ['dps_agent_telemetry_messages_total', { priority: 'normal', outcome: 'acknowledged' }, 7],
      ['dps_agent_telemetry_acknowledgement_seconds_bucket', { le: '0.1' }, 8],
      ['dps_agent_telemetry_acknowledgement_seconds_bucket', { le: '+Inf' }, 9],
      ['dps_agent_telemetry_acknowledgement_seconds_sum', {}, 0.85],
      ['dps_agent_queue_messages', { priority: 'normal' }, 3],
      ['dps_agent_queue_oldest_age_seconds', { priority: 'normal' }, 90],
      ['dps_agent_queue_oldest_age_seconds', { priority: 'low' }, 0],
      ['dps_agent_queue_dropped_total', { priority: 'low', reason: 'cap' }, 2],
      ['dps_agent_queue_disk_written_bytes_total', {}, 4096],
      ['dps_agent_telemetry_thinned_total', { priority: 'low' }, 5],
      ['dps_agent_budget_used', { budget: 'messages_per_day' }, 12],
      ['dps_agent_budget_allowed', { budget: 'messages_per_day' }, 8000],
      ['dps_agent_input_ok', { input: 'boiler' }, 0],
      ['dps_agent_input_readings_total', { input: 'system' }, 7],
      ['dps_agent_input_failures_total', { input: 'boiler' }, 4],
      ['dps_agent_telemetry_refused_total', { input: 'system', reason: 'budget' }, 5],
      ['dps_agent_cloud_messages_total', { outcome: 'duplicates' }, 1],
      ['dps_agent_cloud_messages_waiting', {}, 2],
      ['dps_agent_method_calls_total', { method: 'ping', status: '200' }, 4],
      ['dps_agent_twin_settings', { outcome: 'refused' }, 2],
      ['dps_agent_build_info', { version: '1.2.3', node: 'v20.19.0' }, 1],
      ['process_start_time_seconds', {}, Date.parse('2026-01-01T00:00:00Z') / 1000],
      ['process_cpu_seconds_total', {}, 1.5],
      ['dps_agent_event_loop_delay_seconds', {}, 0.0015],
    ];
    for (const [name, labels, value] of told) assert.equal(valueOf(text, name, labels), value, name);
  });

  it('leaves out what is not known', async () => {
    const process = { ...someFigures.process, eventLoopDelayMs: undefined };
    const text = await textOf({
      ...someFigures,
      ...{ process, certificates: [], clock: { state: 'suspect' } },
    });
    assert.equal(valueOf(text, 'dps_agent_clock_suspect'), 1);
    const absent = ['clock_offset_seconds', 'event_loop_delay_seconds', 'certificate_remaining_seconds'];
    for (const { name, samples } of parsePrometheusText(text))
      if (absent.some((end) => name.endsWith(end))) assert.deepEqual(samples, [], name);
  });

  it('reads everything anew each time, and tells two who ask at once the same', async () => {
    let wire = { sent: 1, received: 0 };
    const metrics = new AgentMetrics(() => ({ ...someFigures, wire }));
    const sent = (text: string): number => valueOf(text, 'dps_agent_wire_bytes_total', { direction: 'sent' });
    const [one, other] = await Promise.all([metrics.text(), metrics.text()]);
    assert.equal(one, other);
    assert.equal(sent(one), 1);
    wire = { sent: 20, received: 0 };
    assert.equal(sent(await metrics.text()), 20);
  });

  it('tells of two agents in one process apart', async () => {
    const [one, other] = await Promise.all([
      textOf({ ...someFigures, settings: { applied: 1, trying: 0, refused: 0, failed: 0 } }),
      textOf({ ...someFigures, settings: { applied: 2, trying: 0, refused: 0, failed: 0 } }),
    ]);
    const applied = (text: string): number =>
      valueOf(text, 'dps_agent_twin_settings', { outcome: 'applied' });
    assert.deepEqual([applied(one), applied(other)], [1, 2]);
  });

  it('has at most a hundred inputs, and the sum of the others', async () => {
    const names = Array.from({ length: 250 }, (_, index) => `in${index}`);
    const input = { state: 'ok', readings: 2, failures: 1 } as const;
    const telemetry = {
      ...someFigures.telemetry,
      inputs: names.map((name) => ({ ...input, name })),
      refused: Object.fromEntries(names.map((name) => [name, { full: 3, oversize: 0, budget: 1 }])),
    };
    const text = await textOf({ ...someFigures, telemetry });
    const count = (name: string): number =>
      parsePrometheusText(text).find((metric) => metric.name === name)?.samples.length ?? 0;
    assert.equal(count('dps_agent_input_ok'), 100);
    assert.equal(count('dps_agent_input_readings_total'), 101);
    assert.equal(count('dps_agent_telemetry_refused_total'), 303);
    assert.equal(valueOf(text, 'dps_agent_input_readings_total', { input: '(other)' }), 300);
    const others = { input: '(other)', reason: 'full' };
    assert.equal(valueOf(text, 'dps_agent_telemetry_refused_total', others), 450);
  });

  it('calls an input well until it fails, and says nothing of one that is switched off', async () => {
    const states = ['starting', 'ok', 'failing', 'off'] as const;
    const inputs = states.map((state) => ({ name: state, state, readings: 0, failures: 0 }));
    const text = await textOf({ ...someFigures, telemetry: { ...someFigures.telemetry, inputs } });
    const { samples = [] } =
      parsePrometheusText(text).find(({ name }) => name === 'dps_agent_input_ok') ?? {};
    assert.deepEqual(
      samples.map(({ labels, value }) => [labels['input'], value]),
      [
        ['starting', 1],
        ['ok', 1],
        ['failing', 0],
      ],
    );
  });

  it('is named by the conventions of Prometheus', () => {
    for (const { name, type, help } of allMetrics) {
      assert.match(name, /^(dps_agent|process|nodejs)_[a-z_]+$/);
      assert.equal(name.endsWith('_total'), type === 'counter', name);
      assert.doesNotMatch(name, /_(ms|milliseconds|minutes|hours|days|kilobytes)(_|$)/);
      assert.match(help, /^[A-Z].*\.$/, name);
    }
    assert.equal(new Set(allMetrics.map(({ name }) => name)).size, allMetrics.length);
  });
});

function textOf(figures: Figures): Promise<string> {
  return new AgentMetrics(() => figures).text();
}
