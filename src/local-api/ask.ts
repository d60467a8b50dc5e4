import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { isJsonObject, parseJson } from '../lib/json.ts';
import type { JsonObject } from '../lib/json.ts';

/** An answer longer than this is not the agent's. */
const longestAnswerBytes = 1024 * 1024;

/** `GET` at the local API of an agent: resolves with the JSON it answers; rejects as Node does when nobody is there. */
export async function askLocalApi(
  socketPath: string,
  path: string,
  signal: AbortSignal,
): Promise<JsonObject> {
  const response = await responseTo(socketPath, path, signal);
  const text = await textOf(response);
  if (response.statusCode !== 200)
    throw new Error(`cannot get ${path}: the agent answers ${String(response.statusCode)}: ${text.trim()}`);
  const answer = parseJson(text);
  if (!isJsonObject(answer)) throw new Error(`cannot read the answer to ${path}: it is not a JSON object`);
  return answer;
}

function responseTo(socketPath: string, path: string, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request({ socketPath, path, signal, agent: false }, resolve).once('error', reject).end();
  });
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > longestAnswerBytes) throw new Error(`cannot read more than ${longestAnswerBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
