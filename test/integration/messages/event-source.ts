import { request } from 'node:http';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { until } from './message-rig.ts';

export interface ReceivedEvent {
  readonly id: string;
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Reads server-sent events over a Unix socket, as EventSource does. */
export class EventSource {
  readonly events: ReceivedEvent[] = [];
  /** Resolves when the server has ended the stream, or it was closed. */
  readonly ended: Promise<void>;
  readonly #request: ClientRequest;

  private constructor(sent: ClientRequest, response: IncomingMessage) {
    this.#request = sent;
    response.setEncoding('utf8');
    let text = '';
    response.on('data', (chunk: string) => {
      const parts = (text + chunk).split('\n\n');
      text = parts.pop() ?? '';
      this.events.push(...parts.flatMap((part) => eventOf(part) ?? []));
    });
    response.on('error', () => undefined);
    this.ended = new Promise((resolve) => {
      response.once('close', resolve);
    });
  }

  static async open(socketPath: string, query = '', lastEventId?: string): Promise<EventSource> {
    const headers = lastEventId === undefined ? {} : { 'Last-Event-ID': lastEventId };
    return new Promise((resolve, reject) => {
      const sent = request({ socketPath, path: `/v1/messages${query}`, headers, agent: false });
      sent.on('error', reject);
      sent.on('response', (response) => {
        const type = response.headers['content-type'] ?? '';
        if (response.statusCode === 200 && type.startsWith('text/event-stream'))
          resolve(new EventSource(sent, response));
        else reject(new Error(`the stream answers ${String(response.statusCode)}`));
      });
      sent.end();
    });
  }

  untilEvents(count: number): Promise<void> {
    return until(() => this.events.length >= count);
  }

  close(): void {
    this.#request.destroy();
  }
}

function eventOf(text: string): ReceivedEvent | undefined {
  const field = (name: string): string | undefined =>
    text
      .split('\n')
      .find((line) => line.startsWith(`${name}: `))
      ?.slice(name.length + 2);
  const [id, event, data] = [field('id'), field('event'), field('data')];
  if (id === undefined || event === undefined || data === undefined) return undefined;
  return { id, event, data: JSON.parse(data) as Record<string, unknown> };
}
