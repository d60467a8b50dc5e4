import { CloudError } from '../cloud-error.ts';
import { describeError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { untilStopped } from '../lib/deadline.ts';
import type { Service } from '../lib/service.ts';
import type { MethodCall } from './method.ts';
import type { MethodTable } from './method-table.ts';

export interface MethodSession {
  methodCalls(signal: AbortSignal): Promise<AsyncIterable<MethodCall>>;
}

/**
 * Answers direct methods while a session lasts, beside one another. The same request is answered once: the last hundred
 * are remembered, for this session only, since the hub counts anew in the next (protocol.md 3.6 [inf]).
 */
export class MethodListener implements Service {
  readonly name = 'methods';
  readonly #session: MethodSession;
  readonly #table: Pick<MethodTable, 'invoke'>;
  readonly #log: Log;
  readonly #recent = new Set<string>();

  constructor(session: MethodSession, table: Pick<MethodTable, 'invoke'>, log: Log) {
    this.#session = session;
    this.#table = table;
    this.#log = log;
  }

  async run(signal: AbortSignal): Promise<void> {
    const answers = new Set<Promise<void>>();
    try {
      for await (const call of await this.#session.methodCalls(signal)) {
        if (this.#hasCome(call)) continue;
        const answer = this.#answer(call, signal).finally(() => answers.delete(answer));
        answers.add(answer);
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
    } finally {
      await Promise.all(answers);
    }
  }

  /** A name beside the ID: of a hub that gives one ID to two calls, both are answered. */
  #hasCome({ requestId, name }: MethodCall): boolean {
    const id = `${requestId} ${name}`;
    if (this.#recent.has(id)) {
      this.#log.info({ requestId }, 'a call of a direct method came twice and is answered once');
      return true;
    }
    this.#recent.add(id);
    for (const oldest of this.#recent) {
      if (this.#recent.size <= remembered) break;
      this.#recent.delete(oldest);
    }
    return false;
  }

  /** Never rejects: neither a failing method nor what it does afterwards ends the agent. */
  async #answer(call: MethodCall, signal: AbortSignal): Promise<void> {
    const { name, requestId } = call;
    try {
      const { status, payload, afterwards } = await this.#table.invoke(call, signal);
      await call.respond({ status, payload });
      await afterwards?.();
    } catch (error) {
      const reason = describeError(error);
      this.#log.error(
        { method: name, requestId, error: reason },
        `cannot finish ${name} after its answer: ${reason}`,
      );
    }
  }
}

const remembered = 100;
