import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { Refusal } from './answer.ts';
import type { ContentType } from './content-type.ts';
import { labelOf, propertiesOf, withinHubLimit } from './message-parts.ts';
import type { PostedMessage } from './telemetry-desk.ts';

const propertyPrefix = 'x-property-';

/** The body as one message; what it is, its headers say. Throws a `Refusal` for what cannot be sent like that. */
export function rawMessage(
  request: Pick<IncomingMessage, 'headers' | 'rawHeaders'>,
  content: ContentType,
  body: Buffer,
): PostedMessage {
  try {
    return withinHubLimit({
      body,
      contentType: labelOf('Content-Type', content.type),
      contentEncoding: encodingOf(request, content, body),
      properties: propertiesOf(headerProperties(request.rawHeaders)),
    });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const status = error instanceof Refusal ? error.status : 400;
    throw new Refusal(status, `cannot take the body as a message: ${error.message}`, {
      details: { accepted: 0 },
    });
  }
}

/** As the sender says; text in UTF-8 is called so, that the hub can look into it. */
function encodingOf(
  { headers }: Pick<IncomingMessage, 'headers'>,
  { type, charset }: ContentType,
  body: Buffer,
): string | undefined {
  const encoding = headers['content-encoding'];
  if (encoding !== undefined) return labelOf('Content-Encoding', encoding);
  if (charset !== undefined) return labelOf('charset', charset);
  return type.startsWith('text/') && isUtf8(body) ? 'utf-8' : undefined;
}

/** By the headers as they were written: Node's own object has their names in lower case. */
function headerProperties(rawHeaders: readonly string[]): Record<string, string> {
  const properties = new Map<string, string>();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const [header = '', value = ''] = rawHeaders.slice(at, at + 2);
    if (!header.toLowerCase().startsWith(propertyPrefix)) continue;
    const name = header.slice(propertyPrefix.length);
    if (properties.has(name)) throw new Error(`cannot use ${header} twice: give it once`);
    properties.set(name, value);
  }
  return Object.fromEntries(properties);
}
