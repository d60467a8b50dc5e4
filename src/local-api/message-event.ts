import { isUtf8 } from 'node:buffer';
import { parseJson } from '../lib/json.ts';
import type { OutgoingMessage } from './message-outlet.ts';

/**
 * One server-sent event. Its data is a JSON object on one line, in the words in which messages are posted: `body` for
 * what is JSON by its content type or, without one, by its look; `bodyText` for other text; `bodyBase64` for the rest.
 */
export function messageEvent({ number, body, expiresAtMs, ...about }: OutgoingMessage): string {
  const expiresAt = expiresAtMs === undefined ? {} : { expiresAt: timeText(expiresAtMs) };
  const data = JSON.stringify({ id: number, ...about, ...expiresAt });
  return `id: ${number}\nevent: message\ndata: ${data.slice(0, -1)},${bodyMember(body, about.contentType)}}\n\n`;
}

/** As a member of a JSON object: `"body":{"door":"open"}`. */
export function bodyMember(body: Buffer, contentType: string | undefined): string {
  if (!isUtf8(body)) return `"bodyBase64":${JSON.stringify(body.toString('base64'))}`;
  const text = body.toString('utf8');
  const mayBeJson = contentType === undefined || /^application\/(?:[\w.-]+\+)?json\b/i.test(contentType);
  const isJson = mayBeJson && parseJson(text) !== undefined;
  // As it was sent, lest a large number lose its last digits; in JSON a line end is never but white space.
  return isJson ? `"body":${text.replaceAll(/[\r\n]/g, ' ')}` : `"bodyText":${JSON.stringify(text)}`;
}

/** A time beyond what a date can be is none. */
function timeText(ms: number): string | undefined {
  const time = new Date(ms);
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString();
}
