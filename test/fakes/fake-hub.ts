import { CloudError } from '../../src/cloud-error.ts';
import type { FailureCode } from '../../src/cloud-error.ts';
import type { HubClient, HubSession } from '../../src/connection/hub-client.ts';
import { Channel } from '../../src/lib/channel.ts';
import type { Assignment } from '../../src/provisioning/dps-client.ts';
import type { CloudMessage } from '../../src/messages/cloud-message.ts';
import type { MethodCall } from '../../src/methods/method.ts';
import type { TelemetryMessage } from '../../src/telemetry/message.ts';
import type { DesiredProperties, ReportedProperties } from '../../src/twin/properties.ts';

/** A session whose every answer the test decides. */
export class FakeSession implements HubSession {
  readonly closed: Promise<CloudError>;
  renewAfterMs: number | undefined = undefined;
  isClosed = false;
  readonly sent: TelemetryMessage[] = [];
  readonly reports: ReportedProperties[] = [];
  /** Where the test puts cloud-to-device messages, once somebody has subscribed. */
  messages: Channel<CloudMessage> | undefined;
  /** Where the test puts calls of direct methods, once somebody has subscribed. */
  methods: Channel<MethodCall> | undefined;
  desired: DesiredProperties = { $version: 1 };
  /** What `send` answers with; the default acknowledges at once. */
  onSend: (message: TelemetryMessage) => Promise<void> = () => Promise.resolve();
  onReport: (properties: ReportedProperties) => Promise<void> = () => Promise.resolve();
  onFetch: () => Promise<DesiredProperties> = () => Promise.resolve(this.desired);
  /** What the twin's reported properties are when it is fetched. */
  reported: ReportedProperties = {};
  /** What was asked about the twin, in order, refused or not. */
  readonly twinRequests: ('subscribe' | 'fetch' | 'report')[] = [];
  readonly #over = new AbortController();
  #patches: Channel<DesiredProperties> | undefined;
  #onReported: () => void = () => undefined;

  constructor() {
    this.closed = new Promise((resolve) => {
      this.#over.signal.addEventListener('abort', () => {
        resolve(this.#over.signal.reason as CloudError);
      });
    });
  }

  async send(message: TelemetryMessage): Promise<void> {
    this.sent.push(message);
    await this.onSend(message);
  }

  async fetchTwin(): Promise<{ desired: DesiredProperties; reported: ReportedProperties }> {
    this.twinRequests.push('fetch');
    return { desired: await this.onFetch(), reported: this.reported };
  }

  desiredPatches(signal: AbortSignal): Promise<AsyncIterable<DesiredProperties>> {
    this.twinRequests.push('subscribe');
    this.#patches = new Channel(AbortSignal.any([signal, this.#over.signal]));
    return Promise.resolve(this.#patches);
  }

  methodCalls(signal: AbortSignal): Promise<AsyncIterable<MethodCall>> {
    this.methods = new Channel<MethodCall>(signal);
    return Promise.resolve(this.methods);
  }

  cloudToDevice(signal: AbortSignal): Promise<AsyncIterable<CloudMessage>> {
    this.messages = new Channel<CloudMessage>(AbortSignal.any([signal, this.#over.signal]));
    return Promise.resolve(this.messages);
  }

  /** A patch as the hub sends it: missed by who has not subscribed. */
  patch(properties: DesiredProperties): void {
    this.#patches?.push(properties);
  }

  async report(properties: ReportedProperties): Promise<void> {
    this.twinRequests.push('report');
    await this.onReport(properties);
    this.reports.push(properties);
    this.#onReported();
  }

  /** Resolves once so many reports have been accepted. */
  async untilReports(count: number): Promise<void> {
    while (this.reports.length < count) {
      await new Promise<void>((resolve) => {
        this.#onReported = resolve;
      });
    }
  }

  close(): Promise<void> {
    this.isClosed = true;
    this.end('HUB-CLOSED');
    return Promise.resolve();
  }

  /** The connection ends, as by the hub or the network. */
  end(code: FailureCode): void {
    this.#over.abort(new CloudError(code, 'keep the session'));
  }
}

/** A hub that answers each connect with what the test has put in line: a session, or a failure. */
export class FakeHub implements HubClient {
  readonly connects: string[] = [];
  readonly #answers: (FakeSession | FailureCode | Promise<FakeSession>)[] = [];

  willAnswer(...answers: (FakeSession | FailureCode | Promise<FakeSession>)[]): void {
    this.#answers.push(...answers);
  }

  async connect(assignment: Assignment): Promise<HubSession> {
    this.connects.push(assignment.assignedHub);
    const answer = this.#answers.shift() ?? 'NET-REFUSED';
    if (typeof answer === 'string') throw new CloudError(answer, `connect to ${assignment.assignedHub}`);
    return answer;
  }
}
