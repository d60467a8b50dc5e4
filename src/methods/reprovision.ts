import type { Method } from './method.ts';

/** `reprovision`: the device asks DPS again. Answered first, since it ends the session. */
export function reprovision(onRequest: () => void): Method {
  return {
    name: 'reprovision',
    component: 'provisioning',
    handle: () => Promise.resolve({ status: 200, payload: { accepted: true }, afterwards: onRequest }),
  };
}
