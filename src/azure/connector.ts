import { CloudError } from '../cloud-error.ts';
import type { FailureCode } from '../cloud-error.ts';
import type { Clock } from '../lib/clock.ts';
import { withDeadline } from '../lib/deadline.ts';
import type { Log } from '../lib/log.ts';
import type { Credential } from '../provisioning/credential.ts';
import { classifyEnd } from './classify.ts';
import type { Service } from './classify.ts';
import { dial } from './dial.ts';
import type { Line } from './dial.ts';
import { DialProgress } from './dial-progress.ts';
import { MqttLink } from './mqtt-link.ts';
import type { LinkOptions } from './mqtt-link.ts';
import { bypassesProxy } from './no-proxy.ts';
import type { SecureContexts } from './secure-contexts.ts';
import { portFor } from './target.ts';
import type { Target } from './target.ts';
import { blocksOnlyThisWay } from './way.ts';
import type { Way } from './way.ts';
import type { WayMemory } from './way-memory.ts';
import type { WayOptions } from './way-options.ts';
import type { WireBytes } from './wire-bytes.ts';

export interface Errand {
  readonly service: Service;
  readonly target: Target;
  readonly credential: Credential;
  /** As in "connect to hub.example as gateway-1". */
  readonly doing: string;
}

export type ConnectorOptions = LinkOptions & WayOptions;

/** Makes connections by the ways that are allowed, and says which failed and why. */
export class Connector {
  readonly #options: () => ConnectorOptions;
  readonly #contexts: SecureContexts;
  readonly #memory: WayMemory;
  readonly #wire: WireBytes;
  readonly #clock: Clock;
  readonly #log: Log;

  /** @param options read anew for each attempt, and the same throughout it */
  constructor(
    options: () => ConnectorOptions,
    contexts: SecureContexts,
    memory: WayMemory,
    wire: WireBytes,
    clock: Clock,
    log: Log,
  ) {
    this.#options = options;
    this.#contexts = contexts;
    this.#memory = memory;
    this.#wire = wire;
    this.#clock = clock;
    this.#log = log;
  }

  /**
   * Hands `use` a connection, and when the service cannot be reached by one way, `use` again with one by the next. Each
   * way has its own connect timeout. Rejects with a CloudError, with what `use` threw, or with the signal's reason.
   */
  async run<T>(errand: Errand, signal: AbortSignal, use: (link: MqttLink) => Promise<T>): Promise<T> {
    const { host } = errand.target;
    const options = this.#options();
    const ways = await this.#memory.waysTo(host, options);
    const failed: { readonly way: Way; readonly error: CloudError }[] = [];
    for (const way of ways) {
      let link: MqttLink | undefined;
      const worked = (): Promise<void> =>
        this.#memory.worked(
          host,
          way,
          failed.map((each) => each.way),
        );
      try {
        link = await this.#open(errand, way, options, signal);
        const result = await use(link);
        await worked();
        return result;
      } catch (error) {
        if (signal.aborted || !(error instanceof CloudError)) throw error;
        if (link?.answered === true) {
          await worked();
          throw error;
        }
        failed.push({ way, error });
        if (!blocksOnlyThisWay(error.code)) break;
        if (way !== ways.at(-1))
          this.#log.info({ host, way, code: error.code }, `${error.message}; trying another way`);
      }
    }
    throw mostTelling(failed.map(({ error }) => error));
  }

  async #open(
    { service, target, credential, doing }: Errand,
    way: Way,
    { connectTimeoutMs, keepAliveMs, noProxy, proxy: proxyNow, onHop }: ConnectorOptions,
    signal: AbortSignal,
  ): Promise<MqttLink> {
    const secureContext = this.#contexts.for(credential);
    const port = portFor(target, way);
    const proxy = bypassesProxy(target.host, port, noProxy) ? undefined : await proxyNow?.();
    const startedAt = this.#clock.monotonic();
    const progress = new DialProgress(target.host, proxy);
    try {
      const line: Line = await withDeadline(this.#clock, connectTimeoutMs, progress.late, signal, (limit) =>
        dial({ ...target, port, way, proxy, secureContext, wire: this.#wire, progress, onHop }, limit),
      );
      const leftMs = Math.max(1, startedAt + connectTimeoutMs - this.#clock.monotonic());
      return new MqttLink({ connectTimeoutMs: leftMs, keepAliveMs, onHop }, line);
    } catch (error) {
      if (signal.aborted || !(error instanceof Error)) throw error;
      const cause = progress.causeOf(error);
      const by = `${way === 'mqtt_ws' ? ' over WebSockets' : ''}${proxy === undefined ? '' : ' through the proxy'}`;
      throw new CloudError(codeOf(cause, service), `${doing}${by}`, { cause });
    }
  }
}

function codeOf(error: Error, service: Service): FailureCode {
  return classifyEnd({ wasOpen: false, error, byServer: false }, service);
}

/** A failure that is the same by every way says more than one of this way or that; otherwise the first choice's. */
function mostTelling(errors: readonly CloudError[]): CloudError {
  const [first] = errors;
  const error = errors.find(({ code }) => !blocksOnlyThisWay(code)) ?? first;
  if (error === undefined) throw new Error('there was no way to try');
  return error;
}
