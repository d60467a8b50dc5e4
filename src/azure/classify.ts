import type { FailureCode } from '../cloud-error.ts';
import type { LinkEnd } from './mqtt-link.ts';

export type Service = 'DPS' | 'HUB';

/** Which failure the end of a connection was. The one place where error codes of socket, TLS and MQTT are known. */
export function classifyEnd(end: LinkEnd, service: Service): FailureCode {
  if (end.error !== undefined) return classifyError(end.error, service);
  if (!end.wasOpen) return end.byServer ? 'NET-RESET' : 'NET-TIMEOUT';
  if (service === 'DPS') return 'NET-RESET';
  return end.byServer ? 'HUB-CLOSED' : 'HUB-KEEPALIVE';
}

function classifyError(error: Error, service: Service): FailureCode {
  const code = codeOf(error);
  if (typeof code === 'number') return classifyConnack(code, service);
  if (code === undefined) return 'NET-RESET';
  return byErrorCode[code] ?? byPrefix(code) ?? 'NET-RESET';
}

/** MQTT 3.1.1, table 3.1: the return codes of CONNACK. */
function classifyConnack(returnCode: number, service: Service): FailureCode {
  switch (returnCode) {
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
      return `${service}-CONNACK-${returnCode}`;
    default:
      return 'NET-RESET';
  }
}

const byErrorCode: Readonly<Record<string, FailureCode>> = {
  ENOTFOUND: 'NET-DNS',
  EAI_AGAIN: 'NET-DNS',
  EAI_FAIL: 'NET-DNS',
  EAI_NODATA: 'NET-DNS',
  EAI_NONAME: 'NET-DNS',
  ECONNREFUSED: 'NET-REFUSED',
  // A firewall on this machine: nftables, or systemd's IPAddressDeny.
  EACCES: 'NET-REFUSED',
  EPERM: 'NET-REFUSED',
  ENETUNREACH: 'NET-UNREACHABLE',
  EHOSTUNREACH: 'NET-UNREACHABLE',
  EHOSTDOWN: 'NET-UNREACHABLE',
  ENETDOWN: 'NET-UNREACHABLE',
  EADDRNOTAVAIL: 'NET-UNREACHABLE',
  ETIMEDOUT: 'NET-TIMEOUT',
  ECONNRESET: 'NET-RESET',
  EPIPE: 'NET-RESET',
  CERT_NOT_YET_VALID: 'TLS-NOT-YET-VALID',
  CERT_HAS_EXPIRED: 'TLS-EXPIRED',
  ERR_TLS_CERT_ALTNAME_INVALID: 'TLS-HOSTNAME',
  HOSTNAME_MISMATCH: 'TLS-HOSTNAME',
  SELF_SIGNED_CERT_IN_CHAIN: 'TLS-UNTRUSTED',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'TLS-UNTRUSTED',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'TLS-UNTRUSTED',
  UNABLE_TO_GET_ISSUER_CERT: 'TLS-UNTRUSTED',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'TLS-UNTRUSTED',
  UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY: 'TLS-UNTRUSTED',
  UNABLE_TO_DECRYPT_CERT_SIGNATURE: 'TLS-UNTRUSTED',
  CERT_UNTRUSTED: 'TLS-UNTRUSTED',
  CERT_REJECTED: 'TLS-UNTRUSTED',
  CERT_SIGNATURE_FAILURE: 'TLS-UNTRUSTED',
  CERT_CHAIN_TOO_LONG: 'TLS-UNTRUSTED',
  CERT_REVOKED: 'TLS-UNTRUSTED',
  PATH_LENGTH_EXCEEDED: 'TLS-UNTRUSTED',
  INVALID_CA: 'TLS-UNTRUSTED',
  INVALID_PURPOSE: 'TLS-UNTRUSTED',
  ERROR_IN_CERT_NOT_BEFORE_FIELD: 'TLS-UNTRUSTED',
  ERROR_IN_CERT_NOT_AFTER_FIELD: 'TLS-UNTRUSTED',
  // What Node calls every other verdict of OpenSSL on a chain, such as a key that is too short.
  UNSPECIFIED: 'TLS-UNTRUSTED',
  EPROTO: 'TLS-HANDSHAKE',
  // Our own errors on the way carry the failure's code.
  'NET-WEBSOCKET': 'NET-WEBSOCKET',
  'PROXY-407': 'PROXY-407',
  'PROXY-REFUSED': 'PROXY-REFUSED',
  'PROXY-UNREACHABLE': 'PROXY-UNREACHABLE',
};

/** OpenSSL's failures, one code for each alert and each parse error: of the handshake, or of the device's own key. */
function byPrefix(code: string): FailureCode | undefined {
  if (code.startsWith('ERR_OSSL_')) return 'CERT-UNUSABLE';
  return code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_') ? 'TLS-HANDSHAKE' : undefined;
}

/** Node tries several addresses of a name and then throws one AggregateError; its first error tells the most. */
function codeOf(error: Error): string | number | undefined {
  const code = 'code' in error ? error.code : undefined;
  if (typeof code === 'string' || typeof code === 'number') return code;
  const [first] = error instanceof AggregateError ? (error.errors as unknown[]) : [];
  return first instanceof Error ? codeOf(first) : undefined;
}
