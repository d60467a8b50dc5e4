import { MqttBase } from 'azure-iot-mqtt-base';
import type { MqttBaseTransportConfig } from 'azure-iot-mqtt-base';
import type { MqttLink } from './mqtt-link.ts';

/** A message as it goes on to the SDK, or `undefined` to keep it from the SDK. */
export type MessageFilter = (
  topic: string,
  payload: Buffer,
) => { topic: string; payload: Buffer } | undefined;

/**
 * The SDK's MQTT machine with a guard at its mouth. The transports above it parse whatever a server sends inside event
 * handlers, where malformed input is an uncaught exception (azure-node-sdk.md 5.1, 6, 7): the filter sees it first.
 */
export class GuardedMqttBase extends MqttBase {
  readonly #filter: MessageFilter;
  readonly #forwardErrors: boolean;

  /**
   * @param forwardErrors whether the transport may hear of a lost connection: DPS's transport throws or reconnects by
   * itself when it does.
   */
  constructor(link: MqttLink, options: { readonly filter: MessageFilter; readonly forwardErrors: boolean }) {
    super(link);
    this.#filter = options.filter;
    this.#forwardErrors = options.forwardErrors;
  }

  /**
   * The SDK connects in its own time, by when the line may have broken; and a send that comes too late makes it connect
   * again. What the link then throws would end the process.
   */
  override connect(config: MqttBaseTransportConfig, done: (error?: Error, result?: unknown) => void): void {
    try {
      super.connect(config, done);
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)));
    }
  }

  override emit(name: string | symbol, ...args: unknown[]): boolean {
    if (name === 'error' && !this.#forwardErrors) return true;
    if (name !== 'message') return super.emit(name, ...args);
    const message = this.#filter(args[0] as string, args[1] as Buffer);
    return message === undefined ? true : super.emit('message', message.topic, message.payload);
  }
}
