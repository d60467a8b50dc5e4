import { hubHost } from '../connection-string.ts';
import { expected, typeInWords, type Parsed } from './found.ts';
import { parseSecret, type SecretSource } from './secret-source.ts';

export const proxyInWords = 'http://host:port or http://user:password@host:port';

/** Reads `proxy`, or where it stands. No message contains any of what was found: there may be a password in it. */
export function parseProxy(input: unknown): Parsed<SecretSource> {
  return parseSecret(input, proxyInWords, proxyFault);
}

/** What `text` is instead of a proxy's URL; `undefined` if it is one. Contains nothing of the text. */
export function proxyFault(text: string): string | undefined {
  if (/^https:\/\//i.test(text))
    return 'https://: the proxy itself is spoken to in plain HTTP; what passes through it is TLS all the same';
  if (/^socks/i.test(text)) return 'a SOCKS proxy, which is not supported: use one for HTTP CONNECT';
  const parts = /^http:\/\/(?:(?<user>[^/]*)@)?(?<server>[^/@]*)\/?$/i.exec(text)?.groups;
  if (parts === undefined) return 'text of another form';
  const server = parts['server'] ?? '';
  if (!/:\d+$/.test(server)) return 'one without a port, such as :3128';
  if (hubHost(server) === undefined && !/^\[[0-9A-Fa-f:.]+\]:\d+$/.test(server))
    return 'one whose host or port is none';
  return faultOfUser(parts['user']);
}

/** Reads `no_proxy`: a list, or text with commas. Lower case; a leading dot or `*.` is kept. */
export function parseNoProxy(input: unknown): Parsed<readonly string[]> {
  const list: unknown = typeof input === 'string' ? input.split(',').map((item) => item.trim()) : input;
  if (!Array.isArray(list)) return { problem: expected(noProxyInWords, input) };
  const items: unknown[] = list.filter((item) => item !== '');
  const names: string[] = [];
  for (const item of items) {
    if (typeof item !== 'string') {
      return { problem: `expected ${noProxyInWords}, found ${typeInWords(item)} in it` };
    }
    if (!/^[A-Za-z0-9.*:[\]/_-]+$/.test(item)) return { problem: expected(noProxyItemInWords, item) };
    names.push(item.toLowerCase());
  }
  return { value: names };
}

const noProxyInWords = 'host names in a list or with commas between them';
const noProxyItemInWords = 'a host name such as hub.example, .example or 10.0.0.7';

function faultOfUser(user: string | undefined): string | undefined {
  if (user === undefined) return undefined;
  if (!/^[^:]+(:.*)?$/s.test(user)) return 'one with an empty user name';
  return isPercentEncoded(user)
    ? undefined
    : 'one whose user or password has a %, @, : or / that is not written %25, %40, %3A or %2F';
}

function isPercentEncoded(user: string): boolean {
  const [name = '', ...password] = user.split(':');
  return (
    password.length <= 1 && [name, ...password].every((part) => /^([^%@/\s]|%[0-9A-Fa-f]{2})*$/.test(part))
  );
}
