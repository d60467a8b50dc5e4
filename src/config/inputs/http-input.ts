import * as v from 'valibot';
import { byteSize, duration, field, oneOf, present, section, text } from '../fields.ts';
import { forms } from '../forms.ts';
import { parseFileUri } from '../file-uri.ts';
import { expected, found, isMapping, type Parsed } from '../found.ts';
import { checked, fitting, type Misfit } from '../misfit.ts';
import { parseSecret, secretText, type SecretSource } from '../secret-source.ts';
import { common, commonEntries, interval, type InputCommon } from './common.ts';
import { valueNameForm } from './value-name.ts';

export interface HttpInputConfig extends InputCommon {
  readonly type: 'http';
  readonly intervalMs: number;
  /** http or https, without a user in it. */
  readonly url: string;
  readonly format: 'json' | 'prometheus';
  /** Name of a value → JSON Pointer (RFC 6901), or `metric` or `metric{label="value"}`. Absent: everything. */
  readonly select?: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, SecretSource>>;
  readonly basic?: { readonly username: string; readonly password: SecretSource };
  readonly bearerToken?: SecretSource;
  /** Paths of PEM files with the authorities that the server is trusted by; none: the agent's own. */
  readonly trustedCerts: readonly string[];
  readonly timeoutMs: number;
  readonly maxBytes: number;
}

const entries = section({
  type: oneOf(['http']),
  ...commonEntries,
  interval,
  url: field(parseUrl, forms.httpUrl),
  format: v.optional(oneOf(['json', 'prometheus']), 'json'),
  select: v.optional(field(parseSelect, forms.someTexts)),
  headers: v.optional(field(parseHeaders, forms.texts), {}),
  username: v.optional(text('a user name without a colon', /^[^:\p{Cc}]+$/u)),
  password: v.optional(secretText('the password for the server')),
  bearer_token: v.optional(secretText('a token for the server')),
  trusted_certs: v.optional(
    v.array(field(parseFileUri, forms.fileUri), (issue) => expected('a list of file URIs', issue.input)),
    [],
  ),
  timeout: v.optional(duration('100ms', '5m'), '10s'),
  max_bytes: v.optional(byteSize('1KB', '16MB'), '256KB'),
});

export const httpInput = v.pipe(entries, fitting(misfits), v.transform(toConfig));

function toConfig(input: v.InferOutput<typeof entries>): HttpInputConfig {
  const { username, password } = input;
  const basic = username === undefined ? undefined : { username, password: checked(password) };
  return {
    type: input.type,
    ...common(input),
    intervalMs: input.interval,
    url: input.url,
    format: input.format,
    headers: input.headers,
    trustedCerts: input.trusted_certs,
    timeoutMs: input.timeout,
    maxBytes: input.max_bytes,
    ...present({ select: input.select, basic, bearerToken: input.bearer_token }),
  };
}

function misfits(given: Readonly<Record<string, unknown>>): Misfit[] {
  return [...selectMisfits(given), ...authorizationMisfits(given), ...trustMisfits(given)];
}

const pointerForm = /^(?:\/(?:[^~]|~[01])*)?$/;
const labelForm = String.raw`[A-Za-z_]\w*="(?:[^"\\\n]|\\["\\n])*"`;
const seriesForm = new RegExp(String.raw`^[A-Za-z_:][\w:]*(?:\{(?:${labelForm}(?:,${labelForm})*,?)?\})?$`);

/** What a value is selected by depends on the format. */
function selectMisfits({ select, format = 'json' }: Readonly<Record<string, unknown>>): Misfit[] {
  if (!isMapping(select) || (format !== 'json' && format !== 'prometheus')) return [];
  const [form, what] =
    format === 'json'
      ? [pointerForm, 'a JSON Pointer such as /sensors/0/temperature']
      : [seriesForm, 'a metric such as process_open_fds or node_load1{instance="a"}'];
  return Object.entries(select)
    .filter(([, selector]) => typeof selector === 'string' && !form.test(selector))
    .slice(0, 1)
    .map(([name, selector]) => ({ key: 'select', message: `${name}: ${expected(what, selector)}` }));
}

function authorizationMisfits(given: Readonly<Record<string, unknown>>): Misfit[] {
  const { headers } = given;
  const inHeaders =
    isMapping(headers) && Object.keys(headers).some((name) => name.toLowerCase() === 'authorization');
  const ways = [
    ...(inHeaders ? ['headers'] : []),
    ...['username', 'bearer_token'].filter((key) => key in given),
  ];
  const tooMany = ways.slice(1).map((key) => ({
    key,
    message: `the server is told who asks by ${ways[0] ?? ''} already: remove one of them`,
  }));
  if ('username' in given === 'password' in given) return tooMany;
  const [lacking, there] = 'username' in given ? ['password', 'username'] : ['username', 'password'];
  return [...tooMany, { key: lacking, message: `missing: expected ${lacking} beside ${there}` }];
}

function trustMisfits({ url, trusted_certs: certs }: Readonly<Record<string, unknown>>): Misfit[] {
  if (!Array.isArray(certs) || certs.length === 0 || typeof url !== 'string' || !/^http:/i.test(url))
    return [];
  return [{ key: 'trusted_certs', message: 'belongs to https, but the url begins with http: remove one' }];
}

function parseUrl(input: unknown): Parsed<string> {
  const what = 'a URL such as http://192.168.1.20/status';
  // Whatever is in a URL may be a secret, so that it is shown only when it is none.
  if (typeof input !== 'string') return { problem: expected(what, input) };
  if (!URL.canParse(input)) return { problem: `expected ${what}, found text of another form` };
  const { protocol, username, password, hash } = new URL(input);
  if (username !== '' || password !== '')
    return { problem: `expected ${what}, found one with a user in it: write username and password` };
  if (protocol !== 'http:' && protocol !== 'https:')
    return { problem: `expected ${what}, found one that begins with ${found(protocol)}` };
  if (hash !== '') return { problem: `expected ${what}, found one with a # in it: remove what follows` };
  return { value: input };
}

function parseSelect(input: unknown): Parsed<Readonly<Record<string, string>>> {
  const what = 'a mapping of names to what they are selected by';
  if (!isMapping(input)) return { problem: expected(what, input) };
  if (Object.keys(input).length === 0)
    return { problem: `expected ${what}, found an empty one: to take everything, remove it` };
  for (const [name, selector] of Object.entries(input)) {
    if (!valueNameForm.test(name))
      return { problem: `cannot call a value ${found(name)}: use 1 to 128 characters` };
    if (typeof selector !== 'string' || selector.length > 1024)
      return { problem: `${name}: ${expected('text of at most 1024 characters', selector)}` };
  }
  return { value: input as Record<string, string> };
}

const headerName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}$/;
/** They belong to the connection, or to what the agent can read. */
const ownHeaders = [
  'connection',
  'content-length',
  'transfer-encoding',
  'accept-encoding',
  'expect',
  'upgrade',
];

function parseHeaders(input: unknown): Parsed<Readonly<Record<string, SecretSource>>> {
  if (!isMapping(input)) return { problem: expected('a mapping of header names to texts', input) };
  const headers: [string, SecretSource][] = [];
  for (const [name, value] of Object.entries(input)) {
    if (!headerName.test(name)) return { problem: `cannot send a header of the name ${found(name)}` };
    if (ownHeaders.includes(name.toLowerCase()))
      return { problem: `cannot send the header ${name}: the agent sets it by itself, or does without` };
    const parsed = parseSecret(value, 'text for a header', headerFault);
    if ('problem' in parsed) return { problem: `${name}: ${parsed.problem}` };
    headers.push([name, parsed.value]);
  }
  return { value: Object.fromEntries(headers) };
}

function headerFault(value: string): string | undefined {
  return /^[\x20-\x7e]+$/.test(value) ? undefined : 'text that is empty, or not printable ASCII';
}
