import type { Route } from './router.ts';
import type { StateReport } from './status.ts';

/**
 * The answer to `GET /v1/health`. Healthy is an agent whose loops all turn: one that a restart would not help is healthy,
 * so being offline, a sensor that fails and a disk that is full are not ill health. When not even this is answered, the
 * event loop hangs.
 */
export interface HealthReport {
  readonly healthy: boolean;
  /** The loops that no longer turn. */
  readonly hanging: readonly string[];
  readonly state: StateReport['name'];
}

export function healthReport(hanging: readonly string[], state: StateReport['name']): HealthReport {
  return { healthy: hanging.length === 0, hanging, state };
}

/** 200 or 503, so that a monitor need not read the answer. */
export function healthRoute(health: () => HealthReport): Route {
  return {
    method: 'GET',
    path: '/v1/health',
    answer: () => {
      const report = health();
      return { status: report.healthy ? 200 : 503, body: report };
    },
  };
}
