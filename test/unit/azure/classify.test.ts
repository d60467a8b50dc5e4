import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { classifyEnd } from '../../../src/azure/classify.ts';
import type { Service } from '../../../src/azure/classify.ts';
import type { LinkEnd } from '../../../src/azure/mqtt-link.ts';
import type { FailureCode } from '../../../src/cloud-error.ts';

/** Every failure that the end of a connection can be: the compiler refuses a table that leaves one out. */
type Classified = Extract<
  FailureCode,
  | `NET-${string}`
  | Exclude<Extract<FailureCode, `PROXY-${string}`>, BeforeAny>
  | `TLS-${string}`
  | `${Service}-CONNACK-${string}`
  | HubEnd
  | 'CERT-UNUSABLE'
>;
/** There is no connection to end. */
type BeforeAny = 'PROXY-URL';
type HubEnd = 'HUB-CLOSED' | 'HUB-KEEPALIVE';

interface Case {
  readonly cause: string;
  readonly end: LinkEnd;
  /** Both, where it is not said. */
  readonly service?: Service;
}

const failed = (error: Error, wasOpen = false): LinkEnd => ({ wasOpen, error, byServer: false });

function coded(code: string | number, message = 'as the socket puts it'): Error {
  return Object.assign(new Error(message), { code });
}

const byCode = (...codes: string[]): Case[] =>
  codes.map((code) => ({ cause: code, end: failed(coded(code)) }));

const connack = (service: Service, returnCode: number): Case[] => [
  {
    cause: `CONNACK ${returnCode}`,
    service,
    end: failed(coded(returnCode, 'Connection refused')),
  },
];

/** What Node throws when each address of a name failed: with a code of its own, and without as older ones do. */
const everyAddress = (...codes: string[]): Case[] => {
  const errors = codes.map((code) => coded(code));
  const [first = ''] = codes;
  return [
    { cause: `all addresses: ${codes.join()}`, end: failed(new AggregateError(errors)) },
    {
      cause: `all addresses, under the code of the first: ${codes.join()}`,
      end: failed(Object.assign(new AggregateError(errors), { code: first })),
    },
  ];
};

const table: Readonly<Record<Classified, readonly Case[]>> = {
  'NET-WEBSOCKET': byCode('NET-WEBSOCKET'),
  'PROXY-407': byCode('PROXY-407'),
  'PROXY-REFUSED': byCode('PROXY-REFUSED'),
  'PROXY-UNREACHABLE': byCode('PROXY-UNREACHABLE'),
  'NET-DNS': byCode('ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'EAI_NODATA', 'EAI_NONAME'),
  'NET-REFUSED': [
    ...byCode('ECONNREFUSED', 'EACCES', 'EPERM'),
    ...everyAddress('ECONNREFUSED', 'ENETUNREACH'),
    {
      cause: 'addresses within addresses',
      end: failed(new AggregateError([new AggregateError([coded('ECONNREFUSED')])])),
    },
  ],
  'NET-UNREACHABLE': [
    ...byCode('ENETUNREACH', 'EHOSTUNREACH', 'EHOSTDOWN', 'ENETDOWN', 'EADDRNOTAVAIL'),
    ...everyAddress('EHOSTUNREACH', 'EHOSTUNREACH'),
  ],
  'NET-TIMEOUT': [
    ...byCode('ETIMEDOUT'),
    ...everyAddress('ETIMEDOUT', 'ENETUNREACH'),
    { cause: 'silence before CONNACK', end: { wasOpen: false, byServer: false } },
  ],
  'NET-RESET': [
    ...byCode('ECONNRESET', 'EPIPE', 'ESOMETHINGNEW'),
    { cause: 'an error without a code', end: failed(new Error('something')) },
    { cause: 'addresses without errors', end: failed(new AggregateError([])) },
    { cause: 'addresses without codes', end: failed(new AggregateError([new Error('something')])) },
    { cause: 'a CONNACK beyond the standard', end: failed(coded(6)) },
    { cause: 'a reset after CONNACK', end: failed(coded('ECONNRESET'), true) },
    { cause: 'FIN before CONNACK', end: { wasOpen: false, byServer: true } },
    { cause: 'FIN after CONNACK', service: 'DPS', end: { wasOpen: true, byServer: true } },
    { cause: 'silence after CONNACK', service: 'DPS', end: { wasOpen: true, byServer: false } },
  ],
  'TLS-UNTRUSTED': byCode(
    'SELF_SIGNED_CERT_IN_CHAIN',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'UNABLE_TO_GET_ISSUER_CERT',
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    'UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY',
    'UNABLE_TO_DECRYPT_CERT_SIGNATURE',
    'CERT_UNTRUSTED',
    'CERT_REJECTED',
    'CERT_REVOKED',
    'CERT_SIGNATURE_FAILURE',
    'CERT_CHAIN_TOO_LONG',
    'PATH_LENGTH_EXCEEDED',
    'INVALID_CA',
    'INVALID_PURPOSE',
    'ERROR_IN_CERT_NOT_BEFORE_FIELD',
    'ERROR_IN_CERT_NOT_AFTER_FIELD',
    'UNSPECIFIED',
  ),
  'TLS-NOT-YET-VALID': byCode('CERT_NOT_YET_VALID'),
  'TLS-EXPIRED': byCode('CERT_HAS_EXPIRED'),
  'TLS-HOSTNAME': byCode('ERR_TLS_CERT_ALTNAME_INVALID', 'HOSTNAME_MISMATCH'),
  'TLS-HANDSHAKE': byCode(
    'EPROTO',
    'ERR_SSL_WRONG_VERSION_NUMBER',
    'ERR_SSL_UNSUPPORTED_PROTOCOL',
    'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA',
    'ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED',
    'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
    'ERR_TLS_HANDSHAKE_TIMEOUT',
  ),
  'CERT-UNUSABLE': byCode(
    'ERR_OSSL_X509_KEY_VALUES_MISMATCH',
    'ERR_OSSL_PEM_NO_START_LINE',
    'ERR_OSSL_EVP_UNSUPPORTED',
  ),
  'DPS-CONNACK-1': connack('DPS', 1),
  'DPS-CONNACK-2': connack('DPS', 2),
  'DPS-CONNACK-3': connack('DPS', 3),
  'DPS-CONNACK-4': connack('DPS', 4),
  'DPS-CONNACK-5': connack('DPS', 5),
  'HUB-CONNACK-1': connack('HUB', 1),
  'HUB-CONNACK-2': connack('HUB', 2),
  'HUB-CONNACK-3': connack('HUB', 3),
  'HUB-CONNACK-4': connack('HUB', 4),
  'HUB-CONNACK-5': connack('HUB', 5),
  'HUB-CLOSED': [{ cause: 'FIN after CONNACK', service: 'HUB', end: { wasOpen: true, byServer: true } }],
  'HUB-KEEPALIVE': [
    { cause: 'silence after CONNACK', service: 'HUB', end: { wasOpen: true, byServer: false } },
  ],
};

describe('classifyEnd', () => {
  for (const [expected, cases] of Object.entries(table)) {
    for (const { cause, end, service } of cases) {
      for (const asked of service === undefined ? (['DPS', 'HUB'] as const) : [service]) {
        it(`takes ${cause} at ${asked} for ${expected}`, () => {
          assert.equal(classifyEnd(end, asked), expected);
        });
      }
    }
  }

  it('believes the error rather than the FIN that follows it', () => {
    const end = { wasOpen: false, error: coded('CERT_HAS_EXPIRED'), byServer: true };
    assert.equal(classifyEnd(end, 'HUB'), 'TLS-EXPIRED');
  });
});
