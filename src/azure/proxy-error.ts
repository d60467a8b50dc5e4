import { authorityOf } from './target.ts';

/** The proxy stands in the way. `code` is the failure's (cloud-error.ts); the message never holds credentials. */
export class ProxyError extends Error {
  override readonly name = 'ProxyError';
  readonly code: 'PROXY-407' | 'PROXY-REFUSED' | 'PROXY-UNREACHABLE';

  constructor(code: ProxyError['code'], message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}

/** Also of one that has not been reached in time. */
export function unreachableProxy(
  { host, port }: { readonly host: string; readonly port: number },
  cause: unknown,
): ProxyError {
  return new ProxyError('PROXY-UNREACHABLE', `cannot reach the proxy at ${authorityOf(host, port)}`, {
    cause,
  });
}
