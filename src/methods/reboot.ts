import * as v from 'valibot';
import { wholeNumber } from './argument-kinds.ts';
import type { Method } from './method.ts';

const args = v.object({ delaySeconds: v.optional(wholeNumber(0, 86_400), 5) });

/** `reboot {delaySeconds?}`: restarts the machine, 5 s after the answer unless it says otherwise. Off unless allowed. */
export function reboot(
  onRequest: (delayMs: number) => void,
  isAllowed: () => boolean,
): Method<v.InferOutput<typeof args>> {
  return {
    name: 'reboot',
    isAllowed,
    args,
    handle: ({ delaySeconds }) =>
      Promise.resolve({
        status: 200,
        payload: { accepted: true, delaySeconds },
        afterwards: () => {
          onRequest(delaySeconds * 1000);
        },
      }),
  };
}
