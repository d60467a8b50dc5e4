import { isUtf8 } from 'node:buffer';
import { extname } from 'node:path';
import { SystemClock } from '../lib/clock.ts';
import { withDeadline } from '../lib/deadline.ts';
import { isJsonObject, parseJson } from '../lib/json.ts';
import { openLocalApi, textOf } from '../local-api/ask.ts';
import { agentPlace } from './agent-place.ts';
import { withAgent } from './agent-socket.ts';
import { UsageError } from './usage.ts';

/** What is posted to the agent. */
export interface TelemetryPost {
  readonly kind: 'telemetry' | 'messages';
  readonly body: string | Buffer;
  readonly input?: string | undefined;
  readonly priority?: string | undefined;
  readonly component?: string | undefined;
}

/** What became of a post, in the words of the local API. */
export interface SendOutcome {
  readonly isGood: boolean;
  readonly kind: TelemetryPost['kind'];
  /** The HTTP status. */
  readonly status: number;
  readonly accepted?: number;
  readonly stored?: string;
  readonly refused?: number;
  readonly reason?: string;
  readonly error?: string;
  readonly remedy?: string;
  readonly warning?: string;
}

/** Throws a CommandError when no agent answers in time, ConfigProblems when it cannot be told where one would be. */
export async function sendTelemetry(
  configPath: string,
  { kind, body, ...about }: TelemetryPost,
  timeoutMs: number,
): Promise<SendOutcome> {
  const place = await agentPlace(configPath);
  const query = new URLSearchParams(
    Object.entries(about).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  const path = `/v1/${kind}?${query.toString()}`;
  const late = new Error(`no answer within ${timeoutMs / 1000} s: nobody knows what became of it`);
  const errand = { doing: 'send telemetry', command: 'telemetry send' };
  return withAgent(place, errand, (socketPath) =>
    withDeadline(new SystemClock(), timeoutMs, late, new AbortController().signal, async (signal) => {
      const response = await openLocalApi(socketPath, { path, body }, signal);
      const answer = parseJson(await textOf(response));
      const status = response.statusCode ?? 0;
      return { ...(isJsonObject(answer) ? answer : {}), isGood: status === 202, kind, status };
    }),
  );
}

/** For people. */
export function sentText({ kind, accepted = 0, stored, ...rest }: SendOutcome): string {
  const what = kind === 'messages' ? 'message' : 'reading';
  const lines = [
    ...(accepted > 0 || rest.error === undefined ? [takenIn(accepted, what, stored)] : []),
    ...(rest.error === undefined ? [] : [rest.error]),
    ...(rest.warning === undefined ? [] : [`warning: ${rest.warning}`]),
    ...(rest.remedy === undefined ? [] : [rest.remedy]),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function takenIn(accepted: number, what: string, stored: string | undefined): string {
  const count = `${accepted} ${accepted === 1 ? what : `${what}s`} taken in`;
  return stored === undefined ? count : `${count}: ${places[stored] ?? stored}`;
}

const places: Readonly<Record<string, string>> = {
  hub: 'the hub has it',
  disk: 'safe on the disk until the hub has it',
  memory: 'in memory until the hub has it',
};

/** `temperature=21.5 door=open` as a reading. Throws a UsageError. */
export function valuesOf(words: readonly string[]): Readonly<Record<string, unknown>> {
  const texts = Object.entries(pairs('as a value', words));
  return Object.fromEntries(texts.map(([name, text]) => [name, parseJson(text) ?? text]));
}

/** Throws a UsageError for what is not NAME=VALUE. */
export function pairs(option: string, words: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    words.map((word) => {
      const equals = word.indexOf('=');
      if (equals < 1) throw new UsageError(`cannot use ${option} ${JSON.stringify(word)}: write NAME=VALUE`);
      return [word.slice(0, equals), word.slice(equals + 1)];
    }),
  );
}

export interface MessageParts {
  /** What its type is told by where it is not given. */
  readonly file: string;
  readonly contentType?: string | undefined;
  readonly properties: Readonly<Record<string, string>>;
  readonly ttl?: string | undefined;
}

/** One message as the local API takes it; text keeps its encoding in the message. */
export function messageEnvelope(
  content: string | Buffer,
  { file, contentType, properties, ttl }: MessageParts,
): string {
  const bytes = Buffer.from(content);
  const type = contentType ?? types[extname(file).toLowerCase()] ?? guessed(bytes);
  const isText = isUtf8(bytes) && /^text\/|\bjson\b|\bxml\b/i.test(type);
  const body = isText ? { bodyText: bytes.toString('utf8') } : { bodyBase64: bytes.toString('base64') };
  return JSON.stringify({ ...body, contentType: type, properties, ...(ttl === undefined ? {} : { ttl }) });
}

const types: Readonly<Record<string, string>> = {
  '.json': 'application/json',
  '.txt': 'text/plain',
  '.csv': 'text/csv',
  '.xml': 'application/xml',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.png': 'image/png',
};

function guessed(bytes: Buffer): string {
  if (!isUtf8(bytes)) return 'application/octet-stream';
  return parseJson(bytes.toString('utf8')) === undefined ? 'text/plain' : 'application/json';
}
