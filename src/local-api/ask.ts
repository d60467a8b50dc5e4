import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { isJsonObject, parseJson } from '../lib/json.ts';
import type { JsonObject } from '../lib/json.ts';

/** An answer longer than this is not the agent's. */
const longestAnswerBytes = 1024 * 1024;

/** What is asked of a local API; without a body it is a `GET`. */
export interface ApiRequest {
  readonly path: string;
  readonly contentType?: string;
  readonly body?: string | Buffer;
}

/** `GET` at the local API of an agent: resolves with the JSON it answers; rejects as Node does when nobody is there. */
export async function askLocalApi(
  socketPath: string,
  path: string,
  signal: AbortSignal,
): Promise<JsonObject> {
  const answer = parseJson(await textFromLocalApi(socketPath, path, signal));
  if (!isJsonObject(answer)) throw new Error(`cannot read the answer to ${path}: it is not a JSON object`);
  return answer;
}

/** The same for an answer that is not JSON. */
export async function textFromLocalApi(
  socketPath: string,
  path: string,
  signal: AbortSignal,
  longestBytes = longestAnswerBytes,
): Promise<string> {
  const response = await openLocalApi(socketPath, { path }, signal);
  const text = await textOf(response, longestBytes);
  if (response.statusCode !== 200)
    throw new Error(`cannot get ${path}: the agent answers ${String(response.statusCode)}: ${text.trim()}`);
  return text;
}

/** Resolves when the answer has begun, whatever its status; rejects as Node does when nobody is there. */
export function openLocalApi(
  socketPath: string,
  { path, contentType = 'application/json', body }: ApiRequest,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const post =
    body === undefined
      ? {}
      : {
          method: 'POST',
          headers: { 'Content-Type': contentType, 'Content-Length': Buffer.byteLength(body) },
        };
  return new Promise((resolve, reject) => {
    request({ socketPath, path, signal, agent: false, ...post }, resolve)
      .once('error', reject)
      .end(body);
  });
}

/** Throws when there is more of it. */
export async function textOf(
  response: AsyncIterable<Buffer>,
  longestBytes = longestAnswerBytes,
): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    bytes += chunk.length;
    if (bytes > longestBytes) throw new Error(`cannot read more than ${longestBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
