import type { AuthenticationProvider } from 'azure-iot-common';
import type { Client as SdkClient, DeviceMethodResponse, TwinProperties } from 'azure-iot-device';
import { Mqtt } from 'azure-iot-device-mqtt';
import { CloudError } from '../cloud-error.ts';
import type { FailureCode } from '../cloud-error.ts';
import type { HubSession } from '../connection/hub-client.ts';
import { Channel } from '../lib/channel.ts';
import type { Clock } from '../lib/clock.ts';
import { untilAborted, untilStopped, withDeadline } from '../lib/deadline.ts';
import { describeError } from '../lib/errors.ts';
import { isJsonObject } from '../lib/json.ts';
import type { Log } from '../lib/log.ts';
import type { CloudMessage } from '../messages/cloud-message.ts';
import type { MethodCall, MethodResponse } from '../methods/method.ts';
import type { TelemetryMessage } from '../telemetry/message.ts';
import type { DesiredProperties, ReportedProperties } from '../twin/properties.ts';
import { classifyEnd } from './classify.ts';
import { Mailbox, mailboxMessages } from './cloud-to-device-mailbox.ts';
import { isCloudToDevice, readCloudMessage } from './cloud-to-device-topics.ts';
import { EventTopics } from './event-topic.ts';
import { GuardedMqttBase } from './guarded-base.ts';
import { InFlight } from './in-flight.ts';
import { readMethodMessage } from './method-topics.ts';
import type { WireMethodCall } from './method-topics.ts';
import type { HeldPublish, MqttLink } from './mqtt-link.ts';
import { Client, NoRetry } from './sdk.ts';
import { isRefusedForGood, readTwinMessage } from './twin-topics.ts';

export interface SessionOptions {
  readonly link: MqttLink;
  readonly authentication: AuthenticationProvider;
  readonly renewAfterMs: number | undefined;
  /** How long the hub may take to answer anything, in milliseconds. */
  readonly ackTimeoutMs: number;
  readonly hub: string;
  readonly deviceId: string;
  /** The Plug and Play model to announce (protocol.md 3.1). */
  readonly modelId?: string | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

type Callback<T> = (error?: Error | null, result?: T) => void;

/** For ever: our own deadline counts. The SDK's runs on the wall clock, and a step of it would end the session. In seconds. */
const sdkTimeoutS = Number.MAX_SAFE_INTEGER;

/**
 * One session with the SDK's client. The connection's end is taken from the link, never from the SDK, which reports it
 * late, several times or not at all (azure-node-sdk.md 1.1); twin requests go to the transport, since the SDK's twin
 * merges arrays and forgets deletions (5.3). Messages are published on the link itself: on their way through the SDK each
 * costs twice as much, and what it keeps for sending them again is not wanted (4.1).
 */
export class AzureHubSession implements HubSession {
  readonly closed: Promise<CloudError>;
  readonly renewAfterMs: number | undefined;
  readonly #options: SessionOptions;
  readonly #transport: Mqtt;
  readonly #client: SdkClient;
  readonly #over = new AbortController();
  readonly #sends: InFlight;
  readonly #topics: EventTopics;
  #patches: Channel<DesiredProperties> | undefined;
  #methodCalls: Channel<MethodCall> | undefined;
  readonly #mailbox = new Mailbox();
  #leftWithHub = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.renewAfterMs = options.renewAfterMs;
    const base = new GuardedMqttBase(options.link, {
      forwardErrors: true,
      filter: (topic, payload) => this.#receive(topic, payload),
    });
    options.link.holdBack({
      isHeld: isCloudToDevice,
      take: (held) => {
        this.#receiveMessage(held);
      },
    });
    base.setTimeout(sdkTimeoutS);
    this.#transport = new Mqtt(options.authentication, base);
    if (options.modelId !== undefined) this.#transport.setOptions({ modelId: options.modelId });
    this.#client = new Client(this.#transport);
    this.#client.setRetryPolicy(new NoRetry());
    this.#client.on('error', (error: Error) => {
      options.link.kill(error);
    });
    this.#sends = new InFlight(options.clock, options.ackTimeoutMs);
    this.#topics = new EventTopics(options.deviceId);
    this.closed = new Promise((resolve) => {
      this.#over.signal.addEventListener('abort', () => {
        resolve(this.#over.signal.reason as CloudError);
      });
    });
    void options.link.closed.then((end) => {
      this.#end(classifyEnd(end, 'HUB'), end.error);
    });
  }

  /** Resolves when the hub has accepted the connection. A failure is told by the link, so this then never settles. */
  open(): Promise<void> {
    return new Promise((resolve) => {
      this.#client.open((error) => {
        if (error) {
          this.#options.link.kill(error);
          return;
        }
        void this.#sends.untilOverdue(this.#over.signal).then((overdue) => {
          if (overdue) this.#end('HUB-ACK-TIMEOUT');
        });
        resolve();
      });
    });
  }

  send(message: TelemetryMessage): Promise<void> {
    if (this.#over.signal.aborted) return Promise.reject(this.#over.signal.reason as CloudError);
    return this.#sends.track((done) => {
      this.#options.link.publish(this.#topics.of(message), message.body, done);
    });
  }

  async fetchTwin(): Promise<{ desired: DesiredProperties; reported: ReportedProperties }> {
    const twin = await this.#request<TwinProperties>('HUB-TWIN', 'fetch the twin', (done) => {
      this.#transport.getTwin(done);
    });
    const [desired, reported]: unknown[] = [twin?.desired, twin?.reported];
    if (isJsonObject(desired) && typeof desired['$version'] === 'number') {
      const { $version } = desired;
      return { desired: { ...desired, $version }, reported: withoutVersion(reported) };
    }
    throw new CloudError('HUB-TWIN', this.#doing('fetch the twin'), {
      cause: new Error('it has no desired properties'),
    });
  }

  async desiredPatches(signal: AbortSignal): Promise<AsyncIterable<DesiredProperties>> {
    const patches = new Channel<DesiredProperties>(AbortSignal.any([signal, this.#over.signal]));
    this.#patches = patches;
    const subscribed = this.#request('HUB-TWIN', 'subscribe to desired properties', (done) => {
      this.#transport.enableTwinDesiredPropertiesUpdates(done);
    });
    await untilAborted(subscribed, signal);
    return patches;
  }

  async report(properties: ReportedProperties): Promise<void> {
    const what = 'report properties';
    try {
      await this.#request('HUB-TWIN', what, (done) => {
        this.#transport.updateTwinReportedProperties(properties, done);
      });
    } catch (error) {
      const { cause } = error as CloudError;
      if (!isRefusedForGood(cause)) throw error;
      throw new CloudError('HUB-TWIN-REFUSED', this.#doing(what), { cause });
    }
  }

  async methodCalls(signal: AbortSignal): Promise<AsyncIterable<MethodCall>> {
    const calls = new Channel<MethodCall>(AbortSignal.any([signal, this.#over.signal]));
    this.#methodCalls = calls;
    const subscribed = this.#request('HUB-METHODS', 'subscribe to direct methods', (done) => {
      this.#transport.enableMethods(done);
    });
    await untilAborted(subscribed, signal);
    return calls;
  }

  async cloudToDevice(signal: AbortSignal): Promise<AsyncIterable<CloudMessage>> {
    const subscribed = this.#request('HUB-MESSAGES', 'subscribe to cloud-to-device messages', (done) => {
      this.#transport.enableC2D(done);
    });
    await untilAborted(subscribed, signal);
    return this.#mailbox.listen(AbortSignal.any([signal, this.#over.signal]));
  }

  close(): Promise<void> {
    return this.#options.link.close(this.#options.clock);
  }

  /** A request that the hub refuses rejects with this code; one that it does not answer ends the session with it. */
  async #request<T>(
    code: 'HUB-TWIN' | 'HUB-METHODS' | 'HUB-MESSAGES',
    what: string,
    call: (done: Callback<T>) => void,
  ): Promise<T | undefined> {
    const { clock, ackTimeoutMs } = this.#options;
    const late = new CloudError(code, this.#doing(what), {
      cause: new Error('there was no answer in time'),
    });
    try {
      return await withDeadline(clock, ackTimeoutMs, late, this.#over.signal, () => callbackToPromise(call));
    } catch (cause) {
      if (cause === late) this.#endWith(late);
      if (cause instanceof CloudError) throw cause;
      throw new CloudError(code, this.#doing(what), { cause });
    }
  }

  #receiveMessage({ topic, payload, acknowledge }: HeldPublish): void {
    const message = {
      content: readCloudMessage(topic, payload),
      complete: () => {
        if (!this.#over.signal.aborted) acknowledge();
      },
    };
    if (this.#mailbox.push(message)) return;
    this.#leftWithHub += 1;
    if (this.#leftWithHub > 1) return;
    this.#options.log.warn(
      `${mailboxMessages} cloud-to-device messages wait to be taken; more are left with the hub, which sends them again`,
    );
  }

  #receive(topic: string, payload: Buffer): { topic: string; payload: Buffer } | undefined {
    // They were taken from the link, which acknowledges them.
    if (isCloudToDevice(topic)) return undefined;
    const message = readTwinMessage(topic, payload) ?? readMethodMessage(topic, payload);
    switch (message?.kind) {
      case 'response':
        return { topic, payload: message.payload };
      case 'desired':
        this.#patches?.push(message.patch);
        return undefined;
      case 'call':
        this.#methodCalls?.push(this.#methodCall(message.call));
        return undefined;
      case 'malformed':
        this.#refuse(message);
        return undefined;
      case 'unreadable':
        this.#options.log.warn({ topic }, `cannot read a message from the hub: ${message.problem}`);
        return undefined;
      case undefined:
        this.#options.log.debug({ topic }, 'a message on a topic that nothing here listens to');
        return undefined;
    }
  }

  #methodCall({ name, requestId, payload }: WireMethodCall): MethodCall {
    return { name, requestId, payload, respond: (response) => this.#respond(requestId, response) };
  }

  #refuse({ requestId, problem }: { readonly requestId: string; readonly problem: string }): void {
    this.#options.log.info({ requestId, status: 400 }, `a direct method is answered with 400: ${problem}`);
    void this.#respond(requestId, { status: 400, payload: { code: 'MALFORMED', error: problem } });
  }

  async #respond(requestId: string, { status, payload }: MethodResponse): Promise<void> {
    if (this.#over.signal.aborted) return;
    // The SDK's type is a class with a method of its own; its transport reads these three.
    const response = { requestId, status, payload: payload ?? null } as unknown as DeviceMethodResponse;
    const sent = callbackToPromise((done) => {
      this.#transport.sendMethodResponse(response, done);
    });
    try {
      await untilStopped(sent, this.#over.signal);
    } catch (error) {
      const reason = describeError(error);
      this.#options.log.warn(
        { requestId, status, error: reason },
        `cannot answer a direct method: ${reason}`,
      );
    }
  }

  #end(code: FailureCode, cause?: Error): void {
    this.#endWith(
      new CloudError(code, this.#doing('keep the session'), cause === undefined ? {} : { cause }),
    );
  }

  /** The first reason counts. The link is killed: a session that has ended must not linger half open. */
  #endWith(error: CloudError): void {
    if (this.#over.signal.aborted) return;
    this.#over.abort(error);
    this.#sends.rejectAll(error);
    this.#options.link.kill();
  }

  #doing(what: string): string {
    return `${what} with ${this.#options.hub}`;
  }
}

function withoutVersion(properties: unknown): ReportedProperties {
  const entries = isJsonObject(properties) ? Object.entries(properties) : [];
  return Object.fromEntries(entries.filter(([name]) => name !== '$version'));
}

function callbackToPromise<T>(call: (done: Callback<T>) => void): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    call((error, result) => {
      if (error) reject(error);
      else resolve(result);
    });
  });
}
