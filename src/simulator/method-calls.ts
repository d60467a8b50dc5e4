import type { Clock } from '../lib/clock.ts';
import type { JsonValue } from './json.ts';
import { ServiceError } from './service-error.ts';

export interface MethodRequest {
  readonly methodName: string;
  /** JSON for the device; left out, the request's body is empty. */
  readonly payload?: JsonValue | undefined;
  /** How long the device may take to answer; 30 when left out. */
  readonly responseTimeoutInSeconds?: number | undefined;
  /** How long to wait for a device that is not connected; 0 when left out. */
  readonly connectTimeoutInSeconds?: number | undefined;
}

export interface MethodResult {
  readonly status: number;
  readonly payload: JsonValue;
}

interface Pending {
  readonly rid: string;
  readonly resolve: (result: MethodResult) => void;
}

/** Of a call's payload and of its answer, as JSON (protocol.md 3.6). */
export const maxMethodBytes = 128 * 1024;

/** Direct methods under way at one hub. An answer that comes too late, or to nothing, is dropped, as the hub does. */
export class MethodCalls {
  readonly #clock: Clock;
  readonly #pending = new Map<string, Pending>();
  readonly #waiting = new Set<() => void>();
  #nextRid = 1;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * `send` returns false while the device is not there to hear. Rejects with a ServiceError: 413001 for a payload that is
   * too large, 404103 or 504101.
   */
  async call(
    request: MethodRequest,
    signal: AbortSignal,
    send: (rid: string) => boolean,
  ): Promise<MethodResult> {
    checkSize(request);
    const rid = (this.#nextRid++).toString(16);
    const answer = new Promise<MethodResult>((resolve) => this.#pending.set(rid, { rid, resolve }));
    const done = new AbortController();
    try {
      await this.#sendWhenConnected(request, rid, send, signal);
      const seconds = request.responseTimeoutInSeconds ?? 30;
      const timeout = this.#clock
        .sleep(seconds * 1000, AbortSignal.any([signal, done.signal]))
        .then(
          () =>
            new ServiceError(
              'GatewayTimeout',
              `cannot get an answer to ${request.methodName}: none in ${seconds} s`,
            ),
        );
      const outcome = await Promise.race([answer, timeout]);
      if (outcome instanceof ServiceError) throw outcome;
      done.abort(new Error('answered'));
      await timeout.catch(() => undefined);
      return outcome;
    } finally {
      this.#pending.delete(rid);
    }
  }

  answered(rid: string, result: MethodResult): void {
    this.#pending.get(rid)?.resolve(result);
  }

  /** A device may have become able to hear: calls that wait for one look again. */
  listenerCame(): void {
    for (const look of [...this.#waiting]) look();
  }

  async #sendWhenConnected(
    request: MethodRequest,
    rid: string,
    send: (rid: string) => boolean,
    signal: AbortSignal,
  ): Promise<void> {
    if (send(rid)) return;
    const timeoutMs = (request.connectTimeoutInSeconds ?? 0) * 1000;
    const sent = new AbortController();
    const look = (): void => {
      if (!sent.signal.aborted && send(rid)) sent.abort(new Error('sent'));
    };
    this.#waiting.add(look);
    try {
      await this.#clock.sleep(timeoutMs, AbortSignal.any([signal, sent.signal]));
    } catch (error) {
      if (sent.signal.aborted) return;
      throw error;
    } finally {
      this.#waiting.delete(look);
    }
    throw new ServiceError('DeviceNotOnline', `cannot call ${request.methodName}: the device is not online`);
  }
}

function checkSize({ methodName, payload }: MethodRequest): void {
  const bytes = payload === undefined ? 0 : Buffer.byteLength(JSON.stringify(payload));
  if (bytes > maxMethodBytes)
    throw new ServiceError(
      'MessageTooLarge',
      `cannot call ${methodName} with ${bytes} bytes: at most ${maxMethodBytes} are allowed`,
    );
}
