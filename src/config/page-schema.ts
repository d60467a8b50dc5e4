import { isIP } from 'node:net';
import * as v from 'valibot';
import { field, present, section } from './fields.ts';
import { forms } from './forms.ts';
import { expected, isMapping, type Parsed } from './found.ts';
import { checked, fitting } from './misfit.ts';
import { secretText, type SecretSource } from './secret-source.ts';

/** Where the status page is to be seen, and by whom. */
export const page: v.GenericSchema<PageInput, PageConfig> = v.pipe(
  section({
    listen: v.optional(field(parseListenAddress, forms.host)),
    password: v.optional(secretText('a password')),
  }),
  fitting((given) => {
    if (!('listen' in given)) return [{ key: 'listen', message: `is missing: ${expectedAddress}` }];
    return isOpen(given['listen']) && !('password' in given)
      ? [
          {
            key: 'password',
            message: 'is missing: beyond 127.0.0.1 the page needs one, as a file:// reference',
          },
        ]
      : [];
  }),
  v.transform(({ listen, password }) => ({ listen: checked(listen), ...present({ password }) })),
);

export interface PageConfig {
  readonly listen: ListenAddress;
  /** Absent: none is asked for. */
  readonly password?: SecretSource;
}

export interface ListenAddress {
  /** An IP address; an IPv6 one without its brackets. */
  readonly address: string;
  readonly port: number;
}

interface PageInput {
  listen?: unknown;
  password?: unknown;
}

const expectedAddress = 'an IP address and a port such as 127.0.0.1:8088, or 0.0.0.0:8088 for every network';

/** 127.0.0.0/8 and ::1. */
export function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}

/** Of a value that has been read, or could not be. */
function isOpen(listen: unknown): boolean {
  const address = isMapping(listen) ? listen['address'] : undefined;
  return typeof address === 'string' && !isLoopback(address);
}

function parseListenAddress(input: unknown): Parsed<ListenAddress> {
  const problem = { problem: expected(expectedAddress, input) };
  if (typeof input !== 'string') return problem;
  const parts = /^(?:\[(?<ipv6>[^\]]*)\]|(?<ipv4>[^:]*)):(?<port>\d{1,5})$/.exec(input)?.groups;
  const address = parts?.['ipv6'] ?? parts?.['ipv4'] ?? '';
  const port = Number(parts?.['port']);
  const isAddress = isIP(address) === (parts?.['ipv6'] === undefined ? 4 : 6);
  return isAddress && port >= 1 && port <= 65_535 ? { value: { address, port } } : problem;
}
