import type { Priority } from '../telemetry/priority.ts';
import type { LatencyFigures } from '../telemetry/sending/latencies.ts';
import { by, single } from './definition.ts';
import type { Histogram, Metric, Sample } from './definition.ts';
import type { Figures } from './figures.ts';

/** From the queue to the hub. */
export const telemetryMetrics: readonly Metric[] = [
  {
    name: 'dps_agent_telemetry_messages_total',
    type: 'counter',
    help: 'Messages to the hub: sent, those sent again included, and acknowledged by it.',
    labels: ['priority', 'outcome'],
    read: ({ telemetry }) =>
      withPriority(telemetry.deliveries.byPriority, ({ sent, acknowledged }) =>
        by('outcome', { sent, acknowledged }),
      ),
  },
  {
    name: 'dps_agent_telemetry_acknowledgement_seconds',
    type: 'histogram',
    help: 'How long the hub took to acknowledge a message, from handing it to the connection.',
    readHistogram: ({ telemetry }) => inSeconds(telemetry.deliveries.latency),
  },
  {
    name: 'dps_agent_queue_messages',
    type: 'gauge',
    help: 'Messages held: on their way, or waiting for a connection.',
    labels: ['priority'],
    read: ({ telemetry }) => withPriority(telemetry.queue.priorities, ({ messages }) => single(messages)),
  },
  {
    name: 'dps_agent_queue_bytes',
    type: 'gauge',
    help: 'Bytes held.',
    labels: ['priority'],
    read: ({ telemetry }) => withPriority(telemetry.queue.priorities, ({ bytes }) => single(bytes)),
  },
  {
    name: 'dps_agent_queue_oldest_age_seconds',
    type: 'gauge',
    help: 'Age of the oldest message held, in whole seconds by the clock of the machine; 0 when there is none.',
    labels: ['priority'],
    read: ({ telemetry, now }) =>
      withPriority(telemetry.queue.priorities, ({ oldestMs }) =>
        single(oldestMs === undefined ? 0 : Math.max(0, Math.floor((now.getTime() - oldestMs) / 1000))),
      ),
  },
  {
    name: 'dps_agent_queue_on_disk',
    type: 'gauge',
    help: 'Whether the queue can write to its disk.',
    read: ({ telemetry }) => single(telemetry.queue.storage === 'disk' ? 1 : 0),
  },
  {
    name: 'dps_agent_queue_dropped_total',
    type: 'counter',
    help: 'Messages dropped by the queue, by reason.',
    labels: ['priority', 'reason'],
    read: ({ telemetry }) => withPriority(telemetry.queue.dropped, (counts) => by('reason', counts)),
  },
  {
    name: 'dps_agent_queue_disk_written_bytes_total',
    type: 'counter',
    help: 'Bytes the queue has written to its files.',
    read: ({ telemetry }) => single(telemetry.queue.diskBytesWritten),
  },
  {
    name: 'dps_agent_telemetry_thinned_total',
    type: 'counter',
    help: 'Messages not taken in, to stay within the budget.',
    labels: ['priority'],
    read: ({ telemetry }) => by('priority', telemetry.budget.thinned),
  },
  {
    name: 'dps_agent_budget_used',
    type: 'gauge',
    help: 'Used of the budget in its present period, in messages as the hub meters them or in bytes.',
    labels: ['budget'],
    read: (figures) => budgets(figures, ({ used }) => used),
  },
  {
    name: 'dps_agent_budget_allowed',
    type: 'gauge',
    help: 'What the budget allows in a period; absent where there is none.',
    labels: ['budget'],
    read: (figures) => budgets(figures, ({ allowed }) => allowed),
  },
];

function inSeconds({ boundsMs, within, count, sumMs }: LatencyFigures): Histogram {
  return { bounds: boundsMs.map((ms) => ms / 1000), within, count, sum: sumMs / 1000 };
}

function withPriority<Of>(
  all: Readonly<Record<Priority, Of>>,
  read: (of: Of) => readonly Sample[],
): Sample[] {
  return Object.entries<Of>(all).flatMap(([priority, of]) =>
    read(of).map(({ labels, value }) => ({ labels: { priority, ...labels }, value })),
  );
}

type Period = NonNullable<Figures['telemetry']['budget']['messages']>;

function budgets({ telemetry }: Figures, read: (period: Period) => number): Sample[] {
  const { messages, bytes } = telemetry.budget;
  return [
    ...(messages === undefined ? [] : by('budget', { messages_per_day: read(messages) })),
    ...(bytes === undefined ? [] : by('budget', { bytes_per_month: read(bytes) })),
  ];
}
