import { CloudError } from '../cloud-error.ts';
import { describeError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { untilStopped } from '../lib/deadline.ts';
import type { Service } from '../lib/service.ts';
import type { Method, MethodCall, MethodResponse } from './method.ts';

export interface MethodSession {
  methodCalls(signal: AbortSignal): Promise<AsyncIterable<MethodCall>>;
}

/** Answers direct methods while a session lasts. Whatever a method does, its caller is answered and the agent stays up. */
export class MethodService implements Service {
  readonly name = 'methods';
  readonly #session: MethodSession;
  readonly #methods: ReadonlyMap<string, Method>;
  readonly #log: Log;

  constructor(session: MethodSession, methods: readonly Method[], log: Log) {
    this.#session = session;
    this.#methods = new Map(methods.map((method) => [method.name, method]));
    this.#log = log;
  }

  async run(signal: AbortSignal): Promise<void> {
    try {
      for await (const call of await this.#session.methodCalls(signal)) {
        // Beside one another: a slow method must not keep the others waiting.
        void this.#answer(call, signal);
      }
      // The calls end with the session, and it is the session that says so.
      await untilStopped(new Promise<never>(() => undefined), signal);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof CloudError) || error.code !== 'HUB-METHODS') throw error;
      this.#log.warn(
        { code: error.code },
        `${describeError(error)}: this session goes on without direct methods`,
      );
      await untilStopped(new Promise<never>(() => undefined), signal);
    }
  }

  async #answer(call: MethodCall, signal: AbortSignal): Promise<void> {
    const { status, payload, afterwards } = await this.#handle(call, signal);
    this.#log.info({ method: call.name, status }, `direct method ${call.name} answered with ${status}`);
    await call.respond({ status, payload });
    await afterwards?.();
  }

  async #handle(call: MethodCall, signal: AbortSignal): Promise<MethodResponse> {
    const method = this.#methods.get(call.name);
    if (method === undefined) {
      const known = [...this.#methods.keys()].join(', ');
      return { status: 404, payload: { error: `there is no method ${call.name}; there are: ${known}` } };
    }
    try {
      return await method.handle(call.payload, { requestId: call.requestId, signal });
    } catch (error) {
      this.#log.error({ method: call.name }, `cannot carry out ${call.name}: ${describeError(error)}`);
      return { status: 500, payload: { error: describeError(error) } };
    }
  }
}
