import { by, single } from './definition.ts';
import type { Metric, Sample } from './definition.ts';
import type { Figures } from './figures.ts';

/** What the cloud asks of the device. */
export const cloudMetrics: readonly Metric[] = [
  {
    name: 'dps_agent_cloud_messages_total',
    type: 'counter',
    help: 'Cloud-to-device messages, by what became of them; received counts those that came again, too.',
    labels: ['outcome'],
    read: ({ messages }) => outcomes(messages),
  },
  {
    name: 'dps_agent_cloud_messages_waiting',
    type: 'gauge',
    help: 'Cloud-to-device messages in the inbox that have not been handled yet.',
    read: ({ messages }) => single(messages.waiting),
  },
  {
    name: 'dps_agent_method_calls_total',
    type: 'counter',
    help: 'Direct methods answered, offline commands included, by the status of the answer.',
    labels: ['method', 'status'],
    read: ({ methods }) =>
      methods.map(({ method, status, count }) => ({
        labels: { method, status: String(status) },
        value: count,
      })),
  },
  {
    name: 'dps_agent_twin_settings',
    type: 'gauge',
    help: 'Desired properties by what the last acknowledgement says of them.',
    labels: ['outcome'],
    read: ({ settings: { applied, trying, refused, failed } }) =>
      by('outcome', { applied, trying, refused, failed }),
  },
];

function outcomes({ leftWithHub, ...counts }: Figures['messages']): Sample[] {
  const { received, handled, duplicates, expired, unmatched, failed } = counts;
  return by('outcome', {
    ...{ received, handled, duplicates, expired, unmatched, failed },
    left_with_hub: leftWithHub,
  });
}
