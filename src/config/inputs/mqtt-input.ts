import { isIP, isIPv6 } from 'node:net';
import * as v from 'valibot';
import { isHostName } from '../../lib/host-name.ts';
import { duration, field, flag, oneOf, present, section, text, wholeNumber } from '../fields.ts';
import { forms } from '../forms.ts';
import { parseFileUri } from '../file-uri.ts';
import { expected, found, isMapping, type Parsed } from '../found.ts';
import { fitting, type Misfit } from '../misfit.ts';
import { secretText, type SecretSource } from '../secret-source.ts';
import { common, commonEntries, type InputCommon } from './common.ts';

/** Topics of a broker. */
export interface MqttInputConfig extends InputCommon {
  readonly type: 'mqtt';
  readonly broker: MqttBroker;
  readonly topics: readonly MqttTopic[];
  /** `auto`: JSON, a number, or true and false, by the look of it. */
  readonly format: 'auto' | 'json' | 'number';
  readonly qos: 0 | 1;
  readonly ignoreRetained: boolean;
  readonly username?: string;
  readonly password?: SecretSource;
  /** Absent: a new one for each connection. */
  readonly clientId?: string;
  /** Whether the broker forgets the subscriptions, and what was not acknowledged, when the connection ends. */
  readonly cleanSession: boolean;
  /** Paths of PEM files with the authorities that the broker is trusted by; none: those that Node.js knows. */
  readonly trustedCerts: readonly string[];
  /** Paths of PEM files. */
  readonly clientCertificate?: { readonly certificate: string; readonly privateKey: string };
  readonly keepAliveMs: number;
}

export interface MqttBroker {
  readonly tls: boolean;
  /** An IPv6 address without its brackets. */
  readonly host: string;
  readonly port: number;
}

/** In `component` and `value`, `{1}` stands for what the first `+` or `#` of the filter has matched. */
export interface MqttTopic {
  readonly filter: string;
  readonly component?: string;
  /** What a bare number is called; absent: as the last level of its topic. */
  readonly value?: string;
}

const path = field(parseFileUri, forms.fileUri);
const pattern = text(
  'a name of 1 to 128 characters, in which {1} stands for the first + or #',
  /^[^\0]{1,128}$/,
);

const topic = v.pipe(
  section({
    filter: field(parseFilter, forms.someText),
    component: v.optional(pattern),
    value: v.optional(pattern),
  }),
  fitting(placeMisfits),
  v.transform(({ filter, ...names }): MqttTopic => ({ filter, ...present(names) })),
);

const entries = section({
  type: oneOf(['mqtt']),
  ...commonEntries,
  url: field(parseUrl, forms.brokerUrl),
  topics: v.pipe(
    v.array(topic, (issue) => expected('a list of topics, each with a filter', issue.input)),
    v.minLength(1, 'expected at least one topic, found an empty list'),
  ),
  format: v.optional(oneOf(['auto', 'json', 'number']), 'auto'),
  qos: v.optional(wholeNumber(0, 1), 1),
  ignore_retained: v.optional(flag, false),
  username: v.optional(text('a user name', /^[^\0]+$/)),
  password: v.optional(secretText('the password for the broker')),
  client_id: v.optional(text('a client ID of 1 to 128 characters', /^[^\0]{1,128}$/)),
  clean_session: v.optional(flag, true),
  trusted_certs: v.optional(
    v.array(path, (issue) => expected('a list of file URIs', issue.input)),
    [],
  ),
  client_cert: v.optional(path),
  client_pk: v.optional(path),
  // MQTT counts seconds in 16 bits.
  keep_alive: v.optional(duration('5s', '18h'), '30s'),
});

export const mqttInput = v.pipe(entries, fitting(brokerMisfits), v.transform(toConfig));

function toConfig(input: v.InferOutput<typeof entries>): MqttInputConfig {
  const { client_cert: certificate, client_pk: privateKey } = input;
  return {
    type: input.type,
    ...common(input),
    broker: input.url,
    topics: input.topics,
    format: input.format,
    qos: input.qos === 0 ? 0 : 1,
    ignoreRetained: input.ignore_retained,
    ...present({ username: input.username, password: input.password, clientId: input.client_id }),
    cleanSession: input.clean_session,
    trustedCerts: input.trusted_certs,
    ...(certificate === undefined || privateKey === undefined
      ? {}
      : { clientCertificate: { certificate, privateKey } }),
    keepAliveMs: input.keep_alive,
  };
}

export function brokerMisfits(given: Readonly<Record<string, unknown>>): Misfit[] {
  const broker = isBroker(given['url']) ? given['url'] : undefined;
  return [
    ...missingBeside(given, 'client_cert', 'client_pk'),
    ...missingBeside(given, 'client_pk', 'client_cert'),
    ...missingBeside(given, 'password', 'username'),
    ...(given['clean_session'] === false && !('client_id' in given)
      ? [
          {
            key: 'client_id',
            message: 'missing: a broker keeps a session by it, so clean_session: false needs one',
          },
        ]
      : []),
    ...(broker === undefined || broker.tls ? [] : plainMisfits(given, broker)),
  ];
}

function missingBeside(given: Readonly<Record<string, unknown>>, one: string, other: string): Misfit[] {
  const lacks = given[one] !== undefined && given[other] === undefined;
  return lacks ? [{ key: other, message: `missing: expected ${other} beside ${one}` }] : [];
}

function plainMisfits(given: Readonly<Record<string, unknown>>, { host }: MqttBroker): Misfit[] {
  const certificates = ['trusted_certs', 'client_cert', 'client_pk']
    .filter((key) => key in given && !(Array.isArray(given[key]) && given[key].length === 0))
    .map((key) => ({ key, message: 'belongs to mqtts://, but url begins with mqtt://: remove one of them' }));
  if (given['password'] === undefined || isLoopback(host)) return certificates;
  const message = `cannot send a password to ${host} in the clear: write mqtts:// in url, or remove the password`;
  return [...certificates, { key: 'password', message }];
}

/** `misfits` sees what the fields have made of the file. */
function isBroker(value: unknown): value is MqttBroker {
  return isMapping(value) && typeof value['host'] === 'string';
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

export function parseUrl(input: unknown): Parsed<MqttBroker> {
  const what = 'the URL of a broker, such as mqtt://localhost or mqtts://broker.example:8883';
  if (typeof input !== 'string') return { problem: expected(what, input) };
  if (/^[a-z]+:\/\/[^/]*@/i.test(input))
    return { problem: `expected ${what}, found one with a user in it: write username and password` };
  const parts = /^(mqtts?):\/\/(?:\[([^\]]*)\]|([^:/?#]*))(?::(\d{1,5}))?\/?$/i.exec(input);
  const [, scheme = '', ipv6, name = '', digits] = parts ?? [];
  const tls = scheme.toLowerCase() === 'mqtts';
  const port = digits === undefined ? (tls ? 8883 : 1883) : Number(digits);
  const valid = ipv6 === undefined ? isHostName(name) : isIPv6(ipv6);
  if (parts === null || !valid || port < 1 || port > 65_535) return { problem: expected(what, input) };
  return { value: { tls, host: (ipv6 ?? name).toLowerCase(), port } };
}

/** A topic filter as MQTT has it (3.1.1, section 4.7). */
function parseFilter(input: unknown): Parsed<string> {
  const what = 'a topic filter such as sensors/+/temperature or sensors/#';
  if (typeof input !== 'string' || input === '' || input.includes('\0'))
    return { problem: expected(what, input) };
  if (Buffer.byteLength(input) > 65_535)
    return { problem: expected('a filter of at most 65535 bytes', input) };
  if (input.startsWith('$share/'))
    return { problem: `${expected(what, input)}: a shared subscription would give each agent a part only` };
  const levels = input.split('/');
  const fits = levels.every((level, index) => {
    if (level === '#') return index === levels.length - 1;
    return level === '+' || !/[+#]/.test(level);
  });
  if (fits) return { value: input };
  return {
    problem: `${expected(what, input)}: + stands for one whole level, # for all that follow, at the end`,
  };
}

function placeMisfits(given: Readonly<Record<string, unknown>>): Misfit[] {
  const filter = given['filter'];
  if (typeof filter !== 'string') return [];
  const places = filter.split('/').filter((level) => level === '+' || level === '#').length;
  return ['component', 'value'].flatMap((key) => {
    const names = given[key];
    if (typeof names !== 'string') return [];
    const beyond = [...names.matchAll(/\{(\d+)\}/g)].find(
      ([, digits]) => Number(digits) < 1 || Number(digits) > places,
    );
    if (beyond === undefined) return [];
    const has = places === 0 ? 'no + or #' : `${places} + or # in all`;
    return [{ key, message: `${beyond[0]} stands for nothing: the filter ${found(filter)} has ${has}` }];
  });
}
