import * as v from 'valibot';
import { expected, type Parsed } from './found.ts';
import { field, flag, optionalSection, oneOf, present, section, text } from './fields.ts';
import { forms } from './forms.ts';
import { parseFileUri } from './file-uri.ts';
import { checked, fitting, type Misfit } from './misfit.ts';
import { secretText, type SecretSource } from './secret-source.ts';
import { parseShare } from './share.ts';

/** How the device gets and renews its certificate by EST (RFC 7030). Absent proofs: the server asks for none. */
export interface EstSettings {
  /** As configured, without a slash at its end; always https. */
  readonly url: string;
  /** Absent: the registration ID. */
  readonly commonName?: string;
  readonly username?: string;
  readonly password?: SecretSource;
  /** Paths of the PEM files of a certificate that proves the device until it has its own. */
  readonly bootstrap?: { readonly certificate: string; readonly privateKey: string };
  /** Paths of PEM files with the authorities that the server is trusted by; none: the agent's own. */
  readonly trustedCerts: readonly string[];
  /** When to renew: at this share of the certificate's lifetime, or so long before its end. */
  readonly threshold: Share;
  /** How long to wait after a renewal that failed. */
  readonly retry: Share;
  /** Whether a renewal makes a new key too. */
  readonly rotateKey: boolean;
}

/** A part of a certificate's lifetime, more than 0 and less than 100 percent of it, or a duration. */
export type Share = { readonly percent: number } | { readonly ms: number };

const path = field(parseFileUri, forms.fileUri);

const entries = section({
  method: oneOf(['est'], { local_ca: 'is not supported: write "est", or the file URI of a certificate' }),
  url: field(parseEstUrl, forms.httpsUrl),
  common_name: v.optional(text('a common name of 1 to 64 characters', /^[^\0]{1,64}$/)),
  username: v.optional(text('a user name without a colon', /^[^:\0]+$/)),
  password: v.optional(secretText('the password for the EST server')),
  bootstrap_identity_cert: v.optional(path),
  bootstrap_identity_pk: v.optional(path),
  trusted_certs: v.optional(
    v.array(path, (issue) => expected('a list of file URIs', issue.input)),
    [],
  ),
  auto_renew: optionalSection(
    section({
      threshold: v.optional(field(parseShare, forms.share), '80%'),
      retry: v.optional(field(parseShare, forms.share), '4%'),
      rotate_key: v.optional(flag, true),
    }),
  ),
});

/** `identity_cert` as a mapping. */
export const est = v.pipe(entries, fitting(misfits), v.transform(toSettings));

export interface EstIdentity {
  readonly kind: 'est';
  readonly settings: EstSettings;
}

const pairs = [
  ['username', 'password'],
  ['bootstrap_identity_cert', 'bootstrap_identity_pk'],
] as const;

function misfits(given: Readonly<Record<string, unknown>>): Misfit[] {
  return pairs.flatMap(([one, other]) => {
    if (one in given === other in given) return [];
    const [key, present] = one in given ? [other, one] : [one, other];
    return [{ key, message: `missing: expected ${key} beside ${present}` }];
  });
}

function toSettings(input: v.InferOutput<typeof entries>): EstIdentity {
  const { bootstrap_identity_cert: certificate, bootstrap_identity_pk: privateKey } = input;
  const bootstrap = certificate === undefined ? undefined : { certificate, privateKey: checked(privateKey) };
  const optional = {
    commonName: input.common_name,
    username: input.username,
    password: input.password,
    bootstrap,
  };
  const { threshold, retry, rotate_key: rotateKey } = input.auto_renew;
  const { url, trusted_certs: trustedCerts } = input;
  return { kind: 'est', settings: { url, ...present(optional), trustedCerts, threshold, retry, rotateKey } };
}

function parseEstUrl(input: unknown): Parsed<string> {
  const what = 'the URL of an EST server, such as https://est.example/.well-known/est';
  if (typeof input !== 'string' || !URL.canParse(input)) return { problem: expected(what, input) };
  const { protocol, username, password, search, hash } = new URL(input);
  if (username !== '' || password !== '') {
    return { problem: `expected ${what}, found one with a user in it: write username and password` };
  }
  if (protocol !== 'https:') return { problem: `${expected(what, input)}: it must begin with https://` };
  if (search !== '' || hash !== '')
    return { problem: `${expected(what, input)}: remove what follows the path` };
  return { value: input.replace(/\/+$/, '') };
}
