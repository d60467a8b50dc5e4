import { cloudMetrics } from './cloud-metrics.ts';
import { connectionMetrics } from './connection-metrics.ts';
import type { Metric } from './definition.ts';
import { inputMetrics } from './input-metrics.ts';
import { processMetrics } from './process-metrics.ts';
import { telemetryMetrics } from './telemetry-metrics.ts';

/** Every metric there is, by what it is about; docs/metrics.md and the dashboard are held to it. */
export const metricGroups: Readonly<Record<string, readonly Metric[]>> = {
  'The connection': connectionMetrics,
  Telemetry: telemetryMetrics,
  Inputs: inputMetrics,
  'From the cloud': cloudMetrics,
  'The process': processMetrics,
};

export const allMetrics: readonly Metric[] = Object.values(metricGroups).flat();
