import type { Clock } from '../lib/clock.ts';
import { inScope } from '../lib/scope.ts';
import { Refusal } from './answer.ts';
import { messageEvent } from './message-event.ts';
import type { MessageOutlet, OutgoingMessage } from './message-outlet.ts';
import { parametersOf, quoted } from './query.ts';
import type { Exchange, Route } from './router.ts';
import { Streams } from './streams.ts';
import type { Write } from './streams.ts';

/** Programs that fetch messages at the same time; each is sent all of them. */
const mostStreams = 8;

/** A line that says nothing, so that whoever reads with a timeout of half a minute is not cut off. */
const pulseMs = 15_000;

const remedy = [
  'add these lines to config.yaml and restart the agent:',
  'on_message:',
  '  - local_api: true',
].join('\n');

/**
 * `GET /v1/messages[?complete=sent]`: cloud-to-device messages as server-sent events, those that wait and those to come.
 * A message is kept until a program says that it is done with it: `POST /v1/messages/complete?id=17`, or by coming back
 * with `Last-Event-ID: 17`, which browsers' EventSource and its like do, for that one and all before. With `complete=sent`
 * it is done with once it has been written to the connection.
 */
export class MessageStreams {
  readonly routes: readonly Route[];
  readonly #outlet: MessageOutlet;
  readonly #clock: Clock;
  readonly #streams: Streams;

  /** @param signal aborted when the agent stops, which ends the streams */
  constructor(outlet: MessageOutlet, clock: Clock, signal: AbortSignal) {
    this.#outlet = outlet;
    this.#clock = clock;
    this.#streams = new Streams('messages', mostStreams, signal);
    this.routes = [
      { method: 'GET', path: '/v1/messages', answer: (exchange) => this.#stream(exchange) },
      { method: 'POST', path: '/v1/messages/complete', answer: (exchange) => this.#complete(exchange) },
    ];
  }

  async #complete({ query }: Exchange): Promise<{ status: number; body: object }> {
    const { id = '' } = parametersOf(query, ['id']);
    if (!/^\d{1,15}$/.test(id))
      throw new Refusal(
        400,
        `cannot complete message ${quoted(id)}: add ?id=NUMBER, with the id of its event`,
      );
    if (!(await this.#outlet.complete(Number(id))))
      throw new Refusal(404, `cannot complete message ${id}: it does not wait here, or not any longer`);
    return { status: 200, body: { completed: Number(id) } };
  }

  async #stream({ request, response, query }: Exchange): Promise<undefined> {
    const { complete } = parametersOf(query, ['complete']);
    if (complete !== undefined && complete !== 'sent')
      throw new Refusal(400, `cannot use complete=${quoted(complete)}: write sent, or leave it out`);
    if (!this.#outlet.isUsed)
      throw new Refusal(404, 'cannot send messages: no rule of on_message has local_api', {
        details: { remedy },
      });
    const lastEventId = request.headers['last-event-id'];
    return this.#streams.answer(response, headers, async (write, signal) => {
      if (typeof lastEventId === 'string' && /^\d{1,15}$/.test(lastEventId))
        await this.#outlet.completeUpTo(Number(lastEventId));
      await this.#send(write, complete === 'sent', signal);
    });
  }

  async #send(write: Write, isDoneWhenSent: boolean, signal: AbortSignal): Promise<void> {
    let last = 0;
    while (!signal.aborted) {
      const message = await this.#nextOrPulse(last, signal);
      const text = message === undefined ? ':\n\n' : messageEvent(message);
      if (!(await write(text))) return;
      if (message === undefined) continue;
      last = message.number;
      if (isDoneWhenSent) await this.#outlet.complete(message.number);
    }
  }

  /** `undefined`: nothing has come for a while. */
  #nextOrPulse(after: number, outer: AbortSignal): Promise<OutgoingMessage | undefined> {
    return inScope(outer, (scope) => {
      this.#clock.sleep(pulseMs, scope.signal).then(
        () => {
          scope.abort(new Error('nothing has come'));
        },
        () => undefined,
      );
      return this.#outlet.next(after, scope.signal);
    });
  }
}

const headers = { 'Content-Type': 'text/event-stream; charset=utf-8' };
