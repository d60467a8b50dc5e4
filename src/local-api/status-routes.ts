import type { Route } from './router.ts';
import type { AgentStatus } from './status.ts';

/** What the agent is doing, for people and for monitors. */
export function statusRoutes(status: () => AgentStatus): Route[] {
  const told = (): AgentStatus => {
    try {
      return status();
    } catch (cause) {
      throw new Error('cannot tell the status', { cause });
    }
  };
  return [{ method: 'GET', path: '/v1/status', answer: () => ({ status: 200, body: told() }) }];
}
