import type { Method } from './method.ts';

/** `restart`: the agent ends in order, and its supervisor starts it again. Answered first, since it ends the session. */
export function restart(onRequest: () => void): Method {
  return {
    name: 'restart',
    handle: () => Promise.resolve({ status: 200, payload: { accepted: true }, afterwards: onRequest }),
  };
}
