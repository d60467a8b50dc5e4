import type { MetricsSource } from '../../src/local-api/metrics-routes.ts';

/** One metric, and no history. */
export const someMetrics: MetricsSource = {
  text: () => Promise.resolve('# HELP up Whether.\n# TYPE up gauge\nup 1\n'),
  history: () => 'time,state\r\n',
};
