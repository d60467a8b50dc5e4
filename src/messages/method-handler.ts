import { isUtf8 } from 'node:buffer';
import { parseJson } from '../lib/json.ts';
import type { MethodResponse } from '../methods/method.ts';
import type { MessageContent } from './cloud-message.ts';
import { Hopeless } from './handler.ts';
import type { Afterwards, Handler } from './handler.ts';

/** Calls one of the device's methods. Never rejects: what goes wrong is a status. */
export type InvokeMethod = (name: string, payload: unknown) => Promise<MethodResponse>;

/** The property by which IoT Central sends a command to a device that need not be there (protocol.md 6). */
const nameProperty = 'method-name';

export function isOfflineCommand({ properties }: MessageContent): boolean {
  return Object.hasOwn(properties, nameProperty) && properties[nameProperty] !== '';
}

/** Has the method called that the message names, with its body as the payload. There is nobody to answer. */
export class MethodHandler implements Handler {
  readonly isRisky = true;
  readonly #invoke: InvokeMethod;

  constructor(invoke: InvokeMethod) {
    this.#invoke = invoke;
  }

  async handle({ properties, body }: MessageContent): Promise<Afterwards | undefined> {
    const name = properties[nameProperty] ?? '';
    const { status, payload, afterwards } = await this.#invoke(name, payloadOf(body));
    if (status < 400) return afterwards;
    const message = `the method ${JSON.stringify(name)} answers ${status}${errorIn(payload)}`;
    // Busy, or broken for now; anything else is about the message itself.
    throw status === 429 || status >= 500 ? new Error(message) : new Hopeless(message);
  }
}

function payloadOf(body: Buffer): unknown {
  if (body.length === 0) return undefined;
  const value = isUtf8(body) ? parseJson(body.toString('utf8')) : undefined;
  if (value === undefined) throw new Hopeless('the payload of the command is not JSON');
  return value;
}

function errorIn(payload: unknown): string {
  if (typeof payload !== 'object' || payload === null || !('error' in payload)) return '';
  return typeof payload.error === 'string' ? `: ${payload.error}` : '';
}
