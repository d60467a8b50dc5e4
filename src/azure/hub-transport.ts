import type { Message } from 'azure-iot-common';
import { Mqtt } from 'azure-iot-device-mqtt';

type SendCallback = (error?: Error, result?: unknown) => void;

interface TransportMachine {
  handle(input: 'sendEvent', message: Message, outputProperties: undefined, done: SendCallback): void;
}

/**
 * The SDK's hub transport, sending without what costs most in it: the stock method serialises every message and its
 * acknowledgement to JSON for a debug line that nobody reads (azure-node-sdk.md 4.1).
 */
export class HubTransport extends Mqtt {
  override sendEvent(message: Message, done: SendCallback): void {
    // Private in the SDK's types, and the only way past its debug lines; the versions are pinned and a test sends.
    const { _fsm } = this as unknown as { readonly _fsm: TransportMachine };
    _fsm.handle('sendEvent', message, undefined, done);
  }
}
