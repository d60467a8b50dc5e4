import type { TelemetryMessage } from '../telemetry/message.ts';

/**
 * Makes the topics of one device's messages: all of a message but its body (protocol.md 3.3). Byte for byte what the SDK
 * would make of it, to which a test holds it. Messages mostly differ in their number alone, and to write the rest anew
 * would cost as much as all else that is done to one: what they share is kept.
 */
export class EventTopics {
  readonly #start: string;
  readonly #content = new Repeated<string>(encodeURIComponent);
  readonly #encoding = new Repeated<string>(encodeURIComponent);
  readonly #component = new Repeated<string>(encodeURIComponent);
  readonly #input = new Repeated<string>(encodeURIComponent);
  readonly #created = new Repeated<number>((ms) => encodeURIComponent(new Date(ms).toISOString()));
  readonly #properties = new Repeated<Readonly<Record<string, string>>>(propertiesText);

  constructor(deviceId: string) {
    this.#start = `devices/${deviceId}/messages/events/%24.mid=`;
  }

  of(message: TelemetryMessage): string {
    const { messageId, sequence, createdAtMs, contentType, contentEncoding, input, component } = message;
    const id = isPlain(messageId) ? messageId : encodeURIComponent(messageId);
    let topic = `${this.#start}${id}&%24.ct=${this.#content.of(contentType)}`;
    if (contentEncoding !== undefined) topic += `&%24.ce=${this.#encoding.of(contentEncoding)}`;
    // The SDK has no field for the creation time, nor for the component (azure-node-sdk.md 4).
    topic += `&%24.ctime=${this.#created.of(createdAtMs)}`;
    if (component !== undefined) topic += `&%24.sub=${this.#component.of(component)}`;
    topic += `&input=${this.#input.of(input)}&sequence=${sequence}`;
    return topic + this.#properties.of(message.properties);
  }
}

/** What was made of the last value, for as long as the same comes again. */
class Repeated<T> {
  readonly #make: (value: T) => string;
  #last: { readonly value: T; readonly text: string } | undefined;

  constructor(make: (value: T) => string) {
    this.#make = make;
  }

  of(value: T): string {
    if (this.#last?.value !== value) this.#last = { value, text: this.#make(value) };
    return this.#last.text;
  }
}

/** Nothing in it needs to be percent-encoded. */
function isPlain(text: string): boolean {
  return /^[\w.-]*$/.test(text);
}

function propertiesText(properties: Readonly<Record<string, string>>): string {
  let text = '';
  for (const [name, value] of Object.entries(properties))
    text += `&${encodeURIComponent(name)}=${encodeURIComponent(value)}`;
  return text;
}
