import { Mqtt as ProvisioningTransport } from 'azure-iot-provisioning-device-mqtt';
import type { SharedAccessSignature } from 'azure-iot-common';
import { SymmetricKeySecurityClient } from 'azure-iot-security-symmetric-key';
import { CloudError } from '../cloud-error.ts';
import type { Clock } from '../lib/clock.ts';
import { untilAborted } from '../lib/deadline.ts';
import type { Credential } from '../provisioning/credential.ts';
import type { Assignment, DpsClient, RegistrationRequest } from '../provisioning/dps-client.ts';
import { classifyEnd } from './classify.ts';
import { parseDpsResponse } from './dps-response.ts';
import type { DpsResponse } from './dps-response.ts';
import { GuardedMqttBase } from './guarded-base.ts';
import type { Connector } from './connector.ts';
import type { MqttLink } from './mqtt-link.ts';
import { authorityOf, targetOf } from './target.ts';

/**
 * DPS over MQTT with the SDK's transport. The polling is done here and not by the SDK's registration client, which
 * retries 429 and 5xx for ever, cannot be cancelled while it waits, and crashes on a lost connection
 * (azure-node-sdk.md 7).
 */
export class AzureDpsClient implements DpsClient {
  readonly #connector: Connector;
  readonly #clock: Clock;
  readonly #modelId: string | undefined;

  /** @param modelId the Plug and Play model to announce (protocol.md 7); what is asked is the same with and without it */
  constructor(connector: Connector, clock: Clock, modelId?: string) {
    this.#connector = connector;
    this.#clock = clock;
    this.#modelId = modelId;
  }

  async register(request: RegistrationRequest, signal: AbortSignal): Promise<Assignment> {
    signal.throwIfAborted();
    const { endpoint, credential } = request;
    const place = authorityOf(endpoint.host, endpoint.port);
    const doing = `register ${credential.registrationId} with DPS at ${place}`;
    const errand = { service: 'DPS', target: targetOf(endpoint), credential, doing } as const;
    return await this.#connector.run(errand, signal, async (link) => {
      const registration = new Registration(announcing(request, this.#modelId), link, doing);
      try {
        await registration.authenticate();
        return await untilAborted(this.#poll(registration, signal), signal);
      } finally {
        await registration.end(this.#clock);
      }
    });
  }

  async #poll(registration: Registration, signal: AbortSignal): Promise<Assignment> {
    let response = await registration.ask(undefined);
    while (response.kind === 'assigning') {
      await this.#clock.sleep(response.retryAfterMs, signal);
      response = await registration.ask(response.operationId);
    }
    if (response.kind === 'refused') throw response.error;
    return { ...response.state, assignedAt: this.#clock.now().toISOString() };
  }
}

/** One connection to DPS, and the questions asked over it. */
class Registration {
  readonly #request: RegistrationRequest;
  readonly #link: MqttLink;
  readonly #transport: ProvisioningTransport;
  readonly #doing: string;
  #answer: ((response: DpsResponse) => void) | undefined;

  constructor(request: RegistrationRequest, link: MqttLink, doing: string) {
    this.#request = request;
    this.#link = link;
    this.#doing = doing;
    // The transport needs no answers: they are read here, as UTF-8 and with their status.
    const base = new GuardedMqttBase(link, {
      forwardErrors: false,
      filter: (topic, payload) => {
        this.#receive(topic, payload);
        return undefined;
      },
    });
    this.#transport = new ProvisioningTransport(base);
  }

  async authenticate(): Promise<void> {
    const { credential, scopeId } = this.#request;
    if (credential.method === 'x509') {
      this.#transport.setAuthentication({
        cert: credential.certificate,
        key: credential.privateKey.reveal(),
      });
    } else {
      this.#transport.setSharedAccessSignature(await signToken(credential, scopeId));
    }
  }

  /** Registers, or polls the operation; rejects with a CloudError when the connection fails. */
  ask(operationId: string | undefined): Promise<DpsResponse> {
    return new Promise((resolve, reject) => {
      this.#answer = resolve;
      void this.#link.closed.then((end) => {
        reject(new CloudError(classifyEnd(end, 'DPS'), this.#doing, { cause: end.error }));
      });
      this.#send(operationId, (error) => {
        // A failed connection is told by `closed` with its true cause; what is left is the SDK refusing to try.
        if (error) this.#link.kill(error);
      });
    });
  }

  end(clock: Clock): Promise<void> {
    return this.#link.close(clock);
  }

  #send(operationId: string | undefined, done: (error?: Error | null) => void): void {
    const { endpoint, scopeId, credential, payload } = this.#request;
    const request = {
      registrationId: credential.registrationId,
      provisioningHost: authorityOf(endpoint.host, endpoint.port),
      idScope: scopeId,
      ...(payload === undefined ? {} : { payload }),
    };
    if (operationId === undefined) this.#transport.registrationRequest(request, done);
    else this.#transport.queryOperationStatus(request, operationId, done);
  }

  #receive(topic: string, payload: Buffer): void {
    const response = parseDpsResponse(topic, payload, this.#doing);
    if (response !== undefined) this.#answer?.(response);
  }
}

/** A model that the configuration names itself goes before the agent's own. */
function announcing(request: RegistrationRequest, modelId: string | undefined): RegistrationRequest {
  const { payload = {} } = request;
  if (modelId === undefined || 'modelId' in payload || 'iotcModelId' in payload) return request;
  return { ...request, payload: { ...payload, modelId } };
}

async function signToken(
  credential: Credential & { method: 'symmetric_key' },
  scopeId: string,
): Promise<string> {
  const security = new SymmetricKeySecurityClient(credential.registrationId, credential.key.reveal());
  const token = (await security.createSharedAccessSignature(scopeId)) as SharedAccessSignature;
  return token.toString();
}
