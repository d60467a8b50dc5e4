import type { CloudError } from '../cloud-error.ts';

/** Who is to be reached. */
export interface Destination {
  readonly service: 'DPS' | 'HUB';
  readonly host: string;
  /** Absent: each way has its own (protocol.md 1.1). */
  readonly port?: number | undefined;
}

/** A port by which MQTT may get through, and what the configuration calls that way. */
export interface Door {
  readonly way: 'mqtt' | 'mqtt_ws';
  readonly port: number;
}

/** What a server has shown of itself, and who vouches for it. */
export interface TlsReport {
  /** Such as `TLSv1.3`. */
  readonly protocol: string;
  /** Names from the server's own certificate to the authority's, as far as they are known. */
  readonly chain: readonly string[];
  /** Whether the authority is one of those that every program trusts, and not only this device's trust bundle. */
  readonly isPublic: boolean;
  /** Why it is not trusted. */
  readonly refusal?: CloudError;
}

/** The way to the cloud one hop at a time, made as the agent makes its connections. Rejects with a CloudError. */
export interface NetworkProbe {
  /** Those that `transport` allows, the first choice first; each port once. */
  doors(destination: Destination): readonly Door[];
  /** `host:port` of the proxy for this door; `undefined` where the way is straight. */
  proxyFor(destination: Destination, door: Door): Promise<string | undefined>;
  resolve(destination: Destination, signal: AbortSignal): Promise<readonly string[]>;
  /** TCP, or the proxy's tunnel; nothing is sent through it. */
  reach(destination: Destination, door: Door, signal: AbortSignal): Promise<void>;
  /** TLS, without saying who the device is. */
  secure(destination: Destination, door: Door, signal: AbortSignal): Promise<TlsReport>;
}
