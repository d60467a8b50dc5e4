import type { Method } from './method.ts';

/** `status`: what the agent is doing, as `GET /v1/status` says it. */
export function status(current: () => object): Method {
  return { name: 'status', handle: () => Promise.resolve({ status: 200, payload: current() }) };
}
