import type { AgentStatus } from './status.ts';

export const metricsContentType = 'text/plain; version=0.0.4; charset=utf-8';

/** The answer to `GET /v1/metrics`: what of the status is a number, in Prometheus's text format. */
export function metricsText(status: AgentStatus): string {
  return [connectionMetrics, queueMetrics, telemetryMetrics, inputMetrics]
    .flatMap((family) => family(status))
    .join('');
}

function connectionMetrics({ state, certificates, clock }: AgentStatus): string[] {
  return [
    ...gauge('dps_agent_connected', 'Whether a session with the hub is open.', [
      { value: state.name === 'connected' ? 1 : 0 },
    ]),
    ...gauge(
      'dps_agent_certificate_days_left',
      'Whole days until the certificate in use expires, below zero once it has.',
      certificates.map(({ name, daysLeft }) => ({ labels: { credential: name }, value: daysLeft })),
    ),
    ...gauge('dps_agent_clock_suspect', 'Whether the clock of the machine is known or thought to be wrong.', [
      { value: clock.state === 'suspect' || clock.state === 'waiting' ? 1 : 0 },
    ]),
  ];
}

function queueMetrics({ queue }: AgentStatus): string[] {
  const held = Object.entries(queue.priorities);
  const dropped = Object.entries(queue.droppedByPriority).flatMap(([priority, counts]) =>
    Object.entries(counts).map(([reason, value]) => ({ labels: { priority, reason }, value })),
  );
  return [
    ...gauge(
      'dps_agent_queue_messages',
      'Messages held.',
      held.map(([priority, { messages }]) => ({ labels: { priority }, value: messages })),
    ),
    ...gauge(
      'dps_agent_queue_bytes',
      'Bytes held.',
      held.map(([priority, { bytes }]) => ({ labels: { priority }, value: bytes })),
    ),
    ...gauge('dps_agent_queue_on_disk', 'Whether the queue can write to its disk.', [
      { value: queue.storage === 'disk' ? 1 : 0 },
    ]),
    ...counter('dps_agent_queue_dropped_total', 'Messages dropped since the start.', dropped),
    ...counter('dps_agent_queue_disk_written_bytes_total', 'Bytes the queue has written to its files.', [
      { value: queue.diskBytesWritten },
    ]),
  ];
}

function telemetryMetrics({ telemetry }: AgentStatus): string[] {
  const { sent, acknowledged, refused, wireBytes, budget } = telemetry;
  const notTaken = Object.entries(refused).flatMap(([input, counts]) =>
    Object.entries(counts).map(([reason, value]) => ({ labels: { input, reason }, value })),
  );
  const periods = [
    { labels: { budget: 'messages_per_day' }, period: budget.messages },
    { labels: { budget: 'bytes_per_month' }, period: budget.bytes },
  ].flatMap(({ labels, period }) => (period === undefined ? [] : [{ labels, ...period }]));
  return [
    ...counter(
      'dps_agent_telemetry_thinned_total',
      'Messages not taken in, to stay within the budget.',
      Object.entries(budget.thinned).map(([priority, value]) => ({ labels: { priority }, value })),
    ),
    ...counter('dps_agent_telemetry_refused_total', 'Messages of an input that were not taken in.', notTaken),
    ...counter('dps_agent_telemetry_messages_total', 'Messages to the hub, those sent again included.', [
      { labels: { outcome: 'sent' }, value: sent },
      { labels: { outcome: 'acknowledged' }, value: acknowledged },
    ]),
    ...gauge(
      'dps_agent_budget_used',
      'Used of the budget in its present period.',
      periods.map(({ labels, used }) => ({ labels, value: used })),
    ),
    ...gauge(
      'dps_agent_budget_allowed',
      'What the budget allows in a period.',
      periods.map(({ labels, allowed }) => ({ labels, value: allowed })),
    ),
    ...counter('dps_agent_wire_bytes_total', 'Bytes over connections to DPS and hub, TLS included.', [
      { labels: { direction: 'sent' }, value: wireBytes.sent },
      { labels: { direction: 'received' }, value: wireBytes.received },
    ]),
  ];
}

function inputMetrics({ inputs }: AgentStatus): string[] {
  return [
    ...gauge(
      'dps_agent_input_ok',
      'Whether the input could be read last time.',
      inputs.map(({ name, state }) => ({ labels: { input: name }, value: state === 'ok' ? 1 : 0 })),
    ),
    ...counter(
      'dps_agent_input_readings_total',
      'Readings the input has given.',
      inputs.map(({ name, readings }) => ({ labels: { input: name }, value: readings })),
    ),
    ...counter(
      'dps_agent_input_failures_total',
      'Times the input could not be read.',
      inputs.map(({ name, failures }) => ({ labels: { input: name }, value: failures })),
    ),
  ];
}

interface Sample {
  /** Names and values of ours: nothing that would have to be escaped. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

function gauge(name: string, help: string, values: readonly Sample[]): string[] {
  return samples(name, 'gauge', help, values);
}

function counter(name: string, help: string, values: readonly Sample[]): string[] {
  return samples(name, 'counter', help, values);
}

function samples(name: string, type: 'gauge' | 'counter', help: string, values: readonly Sample[]): string[] {
  if (values.length === 0) return [];
  const lines = values.map(({ labels = {}, value }) => {
    const inBraces = Object.entries(labels).map(([label, text]) => `${label}="${text}"`);
    return `${name}${inBraces.length === 0 ? '' : `{${inBraces.join(',')}}`} ${value}\n`;
  });
  return [`# HELP ${name} ${help}\n`, `# TYPE ${name} ${type}\n`, ...lines];
}
