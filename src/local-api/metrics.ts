import type { AgentStatus } from './status.ts';

export const metricsContentType = 'text/plain; version=0.0.4; charset=utf-8';

/** The answer to `GET /v1/metrics`: what of the status is a number, in Prometheus's text format. */
export function metricsText({ state, certificates, clock, queue }: AgentStatus): string {
  const dropped = Object.entries(queue.dropped);
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
    ...gauge('dps_agent_queue_messages', 'Messages held.', [{ value: queue.depth }]),
    ...samples('dps_agent_queue_dropped_total', 'counter', 'Messages dropped since the start.', [
      ...dropped.map(([reason, value]) => ({ labels: { reason }, value })),
    ]),
  ].join('');
}

interface Sample {
  /** Names and values of ours: nothing that would have to be escaped. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

function gauge(name: string, help: string, values: readonly Sample[]): string[] {
  return samples(name, 'gauge', help, values);
}

function samples(name: string, type: 'gauge' | 'counter', help: string, values: readonly Sample[]): string[] {
  if (values.length === 0) return [];
  const lines = values.map(({ labels = {}, value }) => {
    const inBraces = Object.entries(labels).map(([label, text]) => `${label}="${text}"`);
    return `${name}${inBraces.length === 0 ? '' : `{${inBraces.join(',')}}`} ${value}\n`;
  });
  return [`# HELP ${name} ${help}\n`, `# TYPE ${name} ${type}\n`, ...lines];
}
