import type { Route } from './router.ts';

/** What monitors read of the agent. */
export interface MetricsSource {
  /** In Prometheus' text format, version 0.0.4. */
  text(): Promise<string>;
  /** The figures of the last day, as CSV. */
  history(): string;
}

export const metricsContentType = 'text/plain; version=0.0.4; charset=utf-8';
export const historyContentType = 'text/csv; charset=utf-8; header=present';

/** `GET /v1/metrics` for Prometheus, and `GET /v1/metrics/history` for whoever looks for what happened before. */
export function metricsRoutes(metrics: MetricsSource): Route[] {
  return [
    {
      method: 'GET',
      path: '/v1/metrics',
      answer: async () => ({
        status: 200,
        headers: { 'Content-Type': metricsContentType },
        body: await metrics.text(),
      }),
    },
    {
      method: 'GET',
      path: '/v1/metrics/history',
      answer: () => ({
        status: 200,
        headers: { 'Content-Type': historyContentType },
        body: metrics.history(),
      }),
    },
  ];
}
