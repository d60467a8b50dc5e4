import { Secret } from '../lib/secret.ts';
import { field, type Field } from './fields.ts';
import { forms } from './forms.ts';
import { parseFileUri } from './file-uri.ts';
import { expectedSecret, quotesHint, type Parsed } from './found.ts';

/** Where a secret stands: in the configuration itself, or in a place that it refers to. */
export type SecretSource =
  | { readonly kind: 'plain'; readonly value: Secret }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'env'; readonly name: string }
  /** A file in systemd's `$CREDENTIALS_DIRECTORY`. */
  | { readonly kind: 'credential'; readonly name: string };

/**
 * Reads `file:///path`, `env:NAME`, `credential:NAME` or the secret itself. `faultOf` says what a secret is instead of
 * `what`; it is asked here about a plain one only, since the others are not read yet. No message shows a secret.
 */
export function parseSecret(
  input: unknown,
  what: string,
  faultOf: (text: string) => string | undefined,
): Parsed<SecretSource> {
  if (typeof input !== 'string') return { problem: expectedSecret(what, input) + quotesHint(input) };
  const reference = /^(file|env|credential):/.exec(input)?.[1];
  if (reference === 'file') return fileSource(input);
  if (reference === 'env') return named('env', input, /^[A-Za-z_][A-Za-z0-9_]*$/, environmentName);
  if (reference === 'credential') return named('credential', input, credentialForm, credentialName);
  const fault = faultOf(input);
  return fault === undefined
    ? { value: { kind: 'plain', value: new Secret(input) } }
    : { problem: `expected ${what}, found ${fault}` };
}

/** A password or passphrase: any text. */
export function secretText(what: string): Field<SecretSource> {
  return field(
    (input) => parseSecret(input, what, (text) => (text === '' ? 'an empty text' : undefined)),
    forms.secret,
  );
}

const environmentName = 'the name of an environment variable after env:, such as env:DEVICE_KEY';
const credentialName = 'the name of a systemd credential after credential:, such as credential:device-key';
const credentialForm = /^(?!\.{1,2}$)[A-Za-z0-9_.@-]{1,255}$/;

function fileSource(input: string): Parsed<SecretSource> {
  const parsed = parseFileUri(input);
  return 'problem' in parsed ? parsed : { value: { kind: 'file', path: parsed.value } };
}

function named(kind: 'env' | 'credential', input: string, form: RegExp, what: string): Parsed<SecretSource> {
  const name = input.slice(kind.length + 1);
  return form.test(name)
    ? { value: { kind, name } }
    : { problem: `expected ${what}, found text of another form` };
}
