import type { MetricsSource } from '../../src/local-api/metrics-routes.ts';

const name = 'dps_agent_connected';

/** One metric, and no history. */
export const someMetrics: MetricsSource = {
  text: () => Promise.resolve(`# HELP ${name} Whether.\n# TYPE ${name} gauge\n${name} 1\n`),
  history: () => 'time,state\r\n',
};
