import { createHmac, timingSafeEqual } from 'node:crypto';

/** What a shared access signature for one blob allows, and until when. */
export interface BlobGrant {
  /** `/container/name`, not encoded. */
  readonly path: string;
  /** Letters of `racwd`, in that order. */
  readonly permissions: string;
  /** ISO 8601 without fractions of a second. */
  readonly expiry: string;
}

export type BlobSasVerdict = 'valid' | 'no signature' | 'wrong signature' | 'expired' | 'not allowed';

const account = 'simulator';
const version = '2018-03-28';

/** The query of a URL that may do what the grant says; begins with a question mark. */
export function signBlob(key: Buffer, grant: BlobGrant): string {
  const fields = {
    sv: version,
    sr: 'b',
    sig: signatureOf(key, grant),
    se: grant.expiry,
    sp: grant.permissions,
  };
  return `?${new URLSearchParams(fields).toString()}`;
}

/** @param wanted any one of these permissions is enough */
export function checkBlobSas(
  key: Buffer,
  {
    path,
    query,
    wanted,
    nowMs,
  }: { path: string; query: URLSearchParams; wanted: readonly string[]; nowMs: number },
): BlobSasVerdict {
  const [signature, expiry, permissions] = ['sig', 'se', 'sp'].map((name) => query.get(name) ?? '');
  if (!signature || !expiry || !permissions) return 'no signature';
  const expected = Buffer.from(signatureOf(key, { path, permissions, expiry }));
  const given = Buffer.from(signature);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return 'wrong signature';
  if (!(Date.parse(expiry) > nowMs)) return 'expired';
  return wanted.some((letter) => permissions.includes(letter)) ? 'valid' : 'not allowed';
}

/** The text that is signed has a line for everything that a signature of this version may restrict, most of them empty. */
function signatureOf(key: Buffer, { path, permissions, expiry }: BlobGrant): string {
  const [start, identifier, address, protocol] = ['', '', '', ''];
  const responseHeaders = ['', '', '', '', ''];
  const resource = `/blob/${account}${path}`;
  const lines = [
    permissions,
    start,
    expiry,
    resource,
    identifier,
    address,
    protocol,
    version,
    ...responseHeaders,
  ];
  return createHmac('sha256', key).update(lines.join('\n')).digest('base64');
}
