import { createHash } from 'node:crypto';
import type { Config } from '../config/schema.ts';
import { CloudError } from '../cloud-error.ts';
import type { Secrets } from '../provisioning/secrets.ts';
import { Secret } from '../lib/secret.ts';
import type { Proxy } from './proxy-tunnel.ts';
import { proxyFromUrl } from './proxy-url.ts';
import type { Route } from './way-memory.ts';

/** How the cloud is reached. */
export interface WayOptions extends Route {
  /** Read anew for each connection, so that a new password needs no restart. Rejects with a CloudError. */
  readonly proxy?: (() => Promise<Proxy>) | undefined;
  /** Hosts that are reached without the proxy (no-proxy.ts). */
  readonly noProxy: readonly string[];
}

/**
 * As configured; without `proxy` the environment's `https_proxy` is used, as other programs do. What `no_proxy` has in
 * either place counts.
 */
export function wayOptions(
  config: Pick<Config, 'proxy' | 'noProxy'> & {
    readonly connection: Pick<Config['connection'], 'transport'>;
  },
  secrets: Pick<Secrets, 'read'>,
  env: Readonly<Record<string, string | undefined>>,
): WayOptions {
  const fromEnvironment = (name: string): string => env[name.toLowerCase()] ?? env[name] ?? '';
  const { proxy } = config;
  const { transport } = config.connection;
  const entries = fromEnvironment('NO_PROXY').split(',');
  const noProxy = [
    ...config.noProxy,
    ...entries.map((entry) => entry.trim()).filter((entry) => entry !== ''),
  ];
  return {
    transport,
    routeId: digestOf([transport, noProxy, proxy?.kind === 'plain' ? proxy.value.reveal() : proxy]),
    proxy:
      proxy === undefined
        ? proxyOf(fromEnvironment('HTTPS_PROXY'))
        : async () => usable(await secrets.read(proxy), 'proxy'),
    noProxy,
  };
}

/** There may be a password in it: it stays in memory. */
function digestOf(route: unknown): string {
  return createHash('sha256').update(JSON.stringify(route)).digest('hex');
}

function proxyOf(variable: string): (() => Promise<Proxy>) | undefined {
  if (variable === '') return undefined;
  // Other programs take it without http:// too.
  const url = new Secret(variable.includes('://') ? variable : `http://${variable}`);
  return () => Promise.resolve().then(() => usable(url, 'https_proxy'));
}

function usable(url: Secret, name: string): Proxy {
  try {
    return proxyFromUrl(url);
  } catch (cause) {
    throw new CloudError('PROXY-URL', `use ${name}`, { cause });
  }
}
