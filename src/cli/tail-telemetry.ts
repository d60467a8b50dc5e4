import process from 'node:process';
import { isJsonObject, parseJson } from '../lib/json.ts';
import type { JsonObject } from '../lib/json.ts';
import { agentLines } from './agent-lines.ts';
import { agentPlace } from './agent-place.ts';
import { painter } from './colour.ts';
import type { Painter } from './colour.ts';
import type { Output } from './output-option.ts';
import { print } from './print.ts';

export interface TailOptions {
  readonly input: string | undefined;
  readonly priority: string | undefined;
  /** Acknowledged messages after which it ends. */
  readonly most: number;
  readonly output: Output;
}

/** Until the agent ends, or enough was seen. Throws a CommandError when no agent answers. */
export async function tailTelemetry(
  configPath: string,
  { input, priority, most, output }: TailOptions,
): Promise<void> {
  const place = await agentPlace(configPath);
  const errand = { doing: 'show what is sent', command: 'telemetry tail' };
  const wanted = {
    ...(input === undefined ? {} : { input }),
    ...(priority === undefined ? {} : { priority }),
  };
  const path = `/v1/telemetry/tail?${new URLSearchParams(wanted).toString()}`;
  const paint = painter(process.stdout);
  let acknowledged = 0;
  for await (const line of await agentLines(place, errand, path)) {
    const event = parseJson(line);
    if (!isJsonObject(event)) continue;
    if (!(await print(output === 'json' ? `${line}\n` : eventText(event, paint)))) break;
    if (event['event'] === 'acknowledged') acknowledged += 1;
    if (acknowledged >= most) break;
  }
}

/** One line for people, of one event of `GET /v1/telemetry/tail`. */
export function eventText(event: JsonObject, paint: Painter): string {
  const time = String(event['at']).slice(11, 23);
  const number = `#${String(event['sequence'])}`;
  switch (event['event']) {
    case 'sent':
      return `${paint.dim(time)} ${paint.bold(number)} ${aboutMessage(event)}\n             ${bodyOf(event)}\n`;
    case 'acknowledged':
      return `${paint.dim(time)} ${paint.bold(number)} ${paint.ok(`acknowledged after ${String(event['tookMs'])} ms`)}\n`;
    case 'unacknowledged':
      return `${paint.dim(time)} ${paint.bold(number)} ${paint.warn('not acknowledged: the session ended; it will be sent again')}\n`;
    case 'omitted':
      return paint.warn(`${time} ${String(event['events'])} events left out: they are read too slowly\n`);
    default:
      return `${JSON.stringify(event)}\n`;
  }
}

function aboutMessage(event: JsonObject): string {
  const { input, priority, bytes, contentType, contentEncoding, component, properties } = event;
  const type = [contentType, contentEncoding].filter((part) => typeof part === 'string').join(', ');
  const own = isJsonObject(properties) ? Object.entries(properties) : [];
  return [
    `${String(input)}: ${String(bytes)} bytes, priority ${String(priority)}, ${type}`,
    ...(typeof component === 'string' ? [`component ${component}`] : []),
    ...own.map(([name, value]) => `${name}=${String(value)}`),
    `ID ${String(event['messageId'])}`,
  ].join(', ');
}

function bodyOf({ body, bodyText, bodyBase64 }: JsonObject): string {
  if (typeof bodyText === 'string') return JSON.stringify(bodyText);
  return typeof bodyBase64 === 'string' ? `base64 ${bodyBase64}` : JSON.stringify(body);
}
