import { lstat } from 'node:fs/promises';
import { request } from 'node:http';
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { parseDuration } from '../../../src/config/duration.ts';
import { SystemClock } from '../../../src/lib/clock.ts';
import type { ApiLimits } from '../../../src/local-api/limits.ts';
import { LocalApi } from '../../../src/local-api/local-api.ts';
import type { LocalApiOptions } from '../../../src/local-api/local-api.ts';
import type {
  Posted,
  PostedMessage,
  PostOverrides,
  TelemetryDesk,
} from '../../../src/local-api/telemetry-desk.ts';
import { plainReading, readingOf } from '../../../src/telemetry/formats/json-readings.ts';
import type { Reading } from '../../../src/telemetry/reading.ts';
import { RecordingLog } from '../../fakes/recording-log.ts';
import type { Scratch } from '../../support/scratch.ts';
import { someMetrics } from '../../fakes/metrics.ts';
import { someStatus } from '../../unit/local-api/some-status.ts';

/** Takes in whatever is posted, and says what it is told to say. */
export class FakeDesk implements TelemetryDesk {
  inputs = ['local'];
  off: readonly string[] = [];
  readonly readings: Reading[] = [];
  readonly messages: PostedMessage[] = [];
  readonly posts: { readonly input: string; readonly overrides?: PostOverrides }[] = [];
  /** What becomes of a post, over all of it being on the disk. */
  outcome: Partial<Posted> | Promise<Partial<Posted>> | Error = {};
  #onPost: () => void = () => undefined;

  isOn(input: string): boolean {
    return !this.off.includes(input);
  }

  async post(input: string, readings: readonly Reading[], overrides: PostOverrides): Promise<Posted> {
    this.readings.push(...readings);
    this.posts.push({ input, overrides });
    return this.#posted(readings.length);
  }

  async postMessages(input: string, messages: readonly PostedMessage[]): Promise<Posted> {
    this.messages.push(...messages);
    this.posts.push({ input });
    return this.#posted(messages.length);
  }

  nextPost(): Promise<void> {
    return new Promise((resolve) => {
      this.#onPost = resolve;
    });
  }

  async #posted(accepted: number): Promise<Posted> {
    this.#onPost();
    if (this.outcome instanceof Error) throw this.outcome;
    return { accepted, stored: 'disk', refused: 0, durable: true, ...(await this.outcome) };
  }
}

export interface Answered {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Buffer;
}

export interface RunningApi {
  readonly path: string;
  readonly tcpPort: number;
  readonly desk: FakeDesk;
  readonly log: RecordingLog;
  /** By the Unix socket. */
  readonly ask: (asked: Asked) => Promise<Answered>;
  readonly askByTcp: (asked: Asked) => Promise<Answered>;
  readonly stop: () => Promise<void>;
}

/** A real server at a real socket, and on a port if `tcpPort` is 0; stopped when the test is over. */
export async function startApi(
  scratch: Scratch,
  options: Partial<Omit<LocalApiOptions, 'limits'>> & { readonly limits?: Partial<ApiLimits> } = {},
): Promise<RunningApi> {
  const path = join(await scratch.folder(), 'agent.sock');
  const desk = new FakeDesk();
  const log = new RecordingLog();
  const stopping = new AbortController();
  const listening = untilLines(log, options.tcpPort === undefined ? 1 : 2);
  const api = new LocalApi({
    path,
    status: () => someStatus,
    metrics: someMetrics,
    posting: { desk, readReading: { value: readingOf, line: plainReading }, parseDuration },
    clock: new SystemClock(),
    log,
    ...options,
  });
  const running = api.run(stopping.signal);
  const stop = async (): Promise<void> => {
    stopping.abort();
    await running;
  };
  scratch.defer(stop);
  await listening;
  await lstat(path);
  const tcpPort = portIn(log);
  return {
    path,
    tcpPort,
    desk,
    log,
    ask: (asked) => ask({ socketPath: path }, asked),
    askByTcp: (asked) => ask({ host: '127.0.0.1', port: tcpPort }, asked),
    stop,
  };
}

function ask(
  where: { readonly socketPath: string } | { readonly host: string; readonly port: number },
  { method, path = '/v1/telemetry', headers = {}, body }: Asked,
): Promise<Answered> {
  const verb = method ?? (body === undefined ? 'GET' : 'POST');
  return new Promise((resolve, reject) => {
    const sent = request({ ...where, path, method: verb, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (data: string) => (text += data));
      response.once('error', reject).once('end', () => {
        resolve({ status: response.statusCode, headers: response.headers, body: parsed(text) });
      });
    });
    sent.once('error', reject).end(body);
  });
}

function parsed(text: string): Answered['body'] {
  return text.startsWith('{') ? (JSON.parse(text) as Answered['body']) : { text };
}

/** As many lines as there are ways in: each is opened, or said not to be. */
function untilLines(log: RecordingLog, count: number): Promise<void> {
  return new Promise((resolve) => {
    const write = log.lines.push.bind(log.lines);
    log.lines.push = (...lines) => {
      const length = write(...lines);
      if (log.lines.filter(({ message }) => message.includes('local API')).length >= count) resolve();
      return length;
    };
  });
}

function portIn(log: RecordingLog): number {
  const addresses = log.lines.map(({ fields }) => fields['address']);
  const tcp = addresses.find((address): address is { port: number } => typeof address === 'object');
  return tcp?.port ?? 0;
}
