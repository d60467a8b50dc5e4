import { CloudError } from '../cloud-error.ts';
import type { HubClient, HubSession } from '../connection/hub-client.ts';
import type { Clock } from '../lib/clock.ts';
import { untilAborted } from '../lib/deadline.ts';
import type { Log } from '../lib/log.ts';
import type { Credential } from '../provisioning/credential.ts';
import type { Assignment } from '../provisioning/dps-client.ts';
import { classifyEnd } from './classify.ts';
import { hubAuthentication, tokenLifetimeMs } from './hub-auth.ts';
import { AzureHubSession } from './hub-session.ts';
import type { Connector } from './connector.ts';
import type { MqttLink } from './mqtt-link.ts';
import { parseTarget } from './target.ts';

export interface HubOptions {
  /** A message or twin request not answered within this ends the session, in milliseconds. */
  readonly ackTimeoutMs: number;
  /** The Plug and Play model to announce. */
  readonly modelId?: string;
}

/** A session is replaced when this share of its token's life is over: well before the hub would cut it. */
const renewAtShare = 0.9;

/** IoT Hub over MQTT with the SDK's client: one client and one link a session, never retrying by itself. */
export class AzureHubClient implements HubClient {
  readonly #options: HubOptions;
  readonly #connector: Connector;
  readonly #clock: Clock;
  readonly #log: Log;

  constructor(options: HubOptions, connector: Connector, clock: Clock, log: Log) {
    this.#options = options;
    this.#connector = connector;
    this.#clock = clock;
    this.#log = log;
  }

  async connect(assignment: Assignment, credential: Credential, signal: AbortSignal): Promise<HubSession> {
    signal.throwIfAborted();
    const { assignedHub, deviceId } = assignment;
    const doing = `connect to ${assignedHub} as ${deviceId}`;
    const errand = { service: 'HUB', target: parseTarget(assignedHub), credential, doing } as const;
    return await this.#connector.run(errand, signal, async (link) => {
      try {
        return await this.#open(link, doing, assignment, credential, signal);
      } catch (error) {
        link.kill();
        throw error;
      }
    });
  }

  async #open(
    link: MqttLink,
    doing: string,
    assignment: Assignment,
    credential: Credential,
    signal: AbortSignal,
  ): Promise<HubSession> {
    const session = new AzureHubSession({
      link,
      authentication: hubAuthentication(assignment, credential, this.#clock),
      renewAfterMs: credential.method === 'symmetric_key' ? tokenLifetimeMs * renewAtShare : undefined,
      ackTimeoutMs: this.#options.ackTimeoutMs,
      hub: assignment.assignedHub,
      deviceId: assignment.deviceId,
      modelId: this.#options.modelId,
      clock: this.#clock,
      log: this.#log,
    });
    const failed = link.closed.then((end): never => {
      const cause = end.error === undefined ? {} : { cause: end.error };
      throw new CloudError(classifyEnd(end, 'HUB'), doing, cause);
    });
    await untilAborted(Promise.race([session.open(), failed]), signal);
    return session;
  }
}
