import type { Clock } from '../lib/clock.ts';
import type { Method } from './method.ts';

/**
 * `ping`: whether the device is there, and what time it thinks it is.
 * @param startedMs when the agent started, on the monotonic clock
 */
export function ping(clock: Pick<Clock, 'now' | 'monotonic'>, startedMs: number): Method {
  return {
    name: 'ping',
    handle: () => {
      const time = clock.now().toISOString();
      const uptimeSeconds = Math.floor((clock.monotonic() - startedMs) / 1000);
      return Promise.resolve({ status: 200, payload: { time, uptimeSeconds } });
    },
  };
}
