import { SystemClock } from '../lib/clock.ts';
import { withDeadline } from '../lib/deadline.ts';
import type { JsonObject } from '../lib/json.ts';
import { askLocalApi, textFromLocalApi } from '../local-api/ask.ts';
import { withAgent } from './agent-socket.ts';
import type { AgentPlace } from './agent-socket.ts';

/** In milliseconds; an agent that is well answers within a few. */
const answerDeadlineMs = 5000;
/** The log in memory is at most so large. */
const longestTextBytes = 17 * 1024 * 1024;

/** What the running agent says of itself. One that does not answer is asked once, and no more after that. */
export class AgentReports {
  readonly #place: AgentPlace;
  #failure: unknown;

  constructor(place: AgentPlace) {
    this.#place = place;
  }

  status(signal: AbortSignal): Promise<JsonObject> {
    return this.#ask(signal, (path, inTime) => askLocalApi(path, '/v1/status', inTime));
  }

  text(what: string, signal: AbortSignal): Promise<string> {
    return this.#ask(signal, (path, inTime) => textFromLocalApi(path, what, inTime, longestTextBytes));
  }

  async #ask<T>(
    signal: AbortSignal,
    ask: (socketPath: string, inTime: AbortSignal) => Promise<T>,
  ): Promise<T> {
    if (this.#failure !== undefined) throw this.#failure as Error;
    const late = new Error(`no answer within ${answerDeadlineMs / 1000} s`);
    const errand = { doing: 'ask the agent', command: 'support-bundle' };
    try {
      return await withAgent(this.#place, errand, (path) =>
        withDeadline(new SystemClock(), answerDeadlineMs, late, signal, (inTime) => ask(path, inTime)),
      );
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }
}
