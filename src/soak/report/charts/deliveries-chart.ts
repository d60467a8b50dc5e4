import type { DeliverySeries } from '../../evidence.ts';
import { mostPoints, short } from './chart.ts';
import type { Chart } from './chart.ts';

/** What was promised, what arrived and what arrived again, a second. */
export function deliveriesChart({ stepMs, ...series }: DeliverySeries, durationMs: number): Chart {
  const steps = Math.max(series.promised.length, series.delivered.length, series.duplicates.length);
  const together = Math.max(1, Math.ceil(steps / mostPoints));
  const longMs = stepMs * together;
  const rates = (counts: readonly number[]): number[] =>
    Array.from({ length: Math.ceil(steps / together) }, (_, index) => {
      const sum = counts.slice(index * together, (index + 1) * together).reduce((one, more) => one + more, 0);
      // The run ends within the last step.
      const lastedMs = Math.min(longMs, Math.max(stepMs, durationMs - index * longMs));
      return short((sum * 1000) / lastedMs);
    });
  return {
    id: 'deliveries',
    title: 'Messages',
    note: `A second, as a mean over ${longMs / 1000} s. Promised: answered 202 by the agent. Delivered: at the hub for the first time. The tint says that a fault is under way.`,
    unit: 'messages/s',
    at: Array.from({ length: Math.ceil(steps / together) }, (_, index) => (index * longMs) / 1000),
    series: [
      { label: 'promised', colour: 'grey', values: rates(series.promised) },
      { label: 'delivered', colour: 'blue', values: rates(series.delivered) },
      { label: 'delivered again', colour: 'red', values: rates(series.duplicates) },
    ],
    isStacked: false,
  };
}
