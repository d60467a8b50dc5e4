import { readFile } from 'node:fs/promises';
import type { HttpInputConfig } from '../../config/inputs/http-input.ts';
import type { Clock } from '../../lib/clock.ts';
import { withDeadline } from '../../lib/deadline.ts';
import type { Secrets } from '../../provisioning/secrets.ts';
import { fetchText, shownUrl } from './http/fetch-text.ts';
import { jsonValues } from './http/json-values.ts';
import { prometheusValues } from './http/prometheus-values.ts';
import type { HandOver, Input } from './input.ts';

export type HttpInputSettings = Pick<
  HttpInputConfig,
  | 'name'
  | 'intervalMs'
  | 'url'
  | 'format'
  | 'select'
  | 'headers'
  | 'basic'
  | 'bearerToken'
  | 'trustedCerts'
  | 'timeoutMs'
  | 'maxBytes'
>;

export interface HttpInputSurroundings {
  readonly clock: Clock;
  readonly secrets: Pick<Secrets, 'read'>;
  /** PEM certificates to trust when the settings name none; absent: Node's own roots. */
  readonly ca?: readonly string[] | undefined;
}

/**
 * What a server tells at a URL, as JSON or as Prometheus has it; one reading. Secrets and authorities are read anew each
 * time. Of several selected values those that are there are handed over before the rest is an error.
 */
export class HttpInput implements Input {
  readonly name: string;
  readonly intervalMs: number;
  readonly #settings: HttpInputSettings;
  readonly #surroundings: HttpInputSurroundings;

  constructor(settings: HttpInputSettings, surroundings: HttpInputSurroundings) {
    this.name = settings.name;
    this.intervalMs = settings.intervalMs;
    this.#settings = settings;
    this.#surroundings = surroundings;
  }

  async read(handOver: HandOver, signal: AbortSignal): Promise<void> {
    const { url, format, select } = this.#settings;
    const doing = `read ${shownUrl(url)}`;
    const extract = format === 'json' ? jsonValues : prometheusValues;
    const { values, failures } = await this.#fetch(signal)
      .then((text) => extract(text, select))
      .catch((cause: unknown) => {
        signal.throwIfAborted();
        throw new Error(`cannot ${doing}`, { cause });
      });
    if (Object.keys(values).length > 0) await handOver([{ values }]);
    if (failures.length > 0) throw new AggregateError(failures, `cannot ${doing}`);
  }

  #fetch(signal: AbortSignal): Promise<string> {
    const { url, timeoutMs, maxBytes } = this.#settings;
    const late = new Error(`there was no answer within ${timeoutMs / 1000} s`);
    return withDeadline(this.#surroundings.clock, timeoutMs, late, signal, async (limit) => {
      const [headers, trusted] = await Promise.all([this.#headers(), this.#trusted()]);
      return fetchText({ url, headers, maxBytes, trusted }, limit);
    });
  }

  async #headers(): Promise<Record<string, string>> {
    const { format, headers } = this.#settings;
    const accept = format === 'json' ? 'application/json' : 'text/plain;version=0.0.4';
    const named = Object.entries(headers).map(async ([name, source]) => {
      const value = (await this.#surroundings.secrets.read(source)).reveal();
      // Node would name the header, not the value; but it speaks of content, and this is a secret's file.
      if (!/^[\x20-\x7e]+$/.test(value)) throw new Error(`cannot send ${name}: it is not printable ASCII`);
      return [name, value] as const;
    });
    return {
      Accept: accept,
      ...(await this.#authorization()),
      ...Object.fromEntries(await Promise.all(named)),
    };
  }

  async #authorization(): Promise<Record<string, string>> {
    const { basic, bearerToken } = this.#settings;
    const { secrets } = this.#surroundings;
    if (bearerToken !== undefined) {
      const token = (await secrets.read(bearerToken)).reveal();
      if (!/^[\x21-\x7e]+$/.test(token))
        throw new Error('cannot use the bearer token: it is not printable ASCII');
      return { Authorization: `Bearer ${token}` };
    }
    if (basic === undefined) return {};
    const pair = `${basic.username}:${(await secrets.read(basic.password)).reveal()}`;
    return { Authorization: `Basic ${Buffer.from(pair, 'utf8').toString('base64')}` };
  }

  async #trusted(): Promise<readonly string[] | undefined> {
    const { trustedCerts } = this.#settings;
    return trustedCerts.length === 0 ? this.#surroundings.ca : Promise.all(trustedCerts.map(readPem));
  }
}

async function readPem(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new Error(`cannot use ${path} of trusted_certs`, { cause });
  });
  if (!text.includes('-----BEGIN CERTIFICATE-----'))
    throw new Error(`cannot use ${path} of trusted_certs: it holds no PEM certificate`);
  return text;
}
