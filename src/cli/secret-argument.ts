import process from 'node:process';
import { CloudError } from '../cloud-error.ts';
import { parseSecret } from '../config/secret-source.ts';
import type { SecretSource } from '../config/secret-source.ts';
import { deviceKeyFault, deviceKeyInWords } from '../device-key.ts';
import { Secret } from '../lib/secret.ts';
import { Secrets, placeOf } from '../provisioning/secrets.ts';
import { CommandError } from './usage.ts';

/** What a secret has to look like. */
export interface SecretForm {
  /** Completes "expected …". */
  readonly inWords: string;
  /** What a text is instead; `undefined` if it is one. Says nothing of the text. */
  readonly faultOf: (text: string) => string | undefined;
}

/** As `readSecretArgument`, for a symmetric key. */
export function readKeyArgument(option: string, reference: string): Promise<Secret> {
  return readSecretArgument(option, reference, { inWords: deviceKeyInWords, faultOf: deviceKeyFault });
}

/**
 * The secret that an argument gives or refers to: as in config.yaml, or `-` for standard input. Throws a CommandError
 * that says which argument and what is wrong with it, and never what the secret is.
 */
export async function readSecretArgument(
  option: string,
  reference: string,
  form: SecretForm,
): Promise<Secret> {
  if (reference === '-') return checked(option, '- (standard input)', await readInput(), form);
  const parsed = parseSecret(reference, form.inWords, form.faultOf);
  if ('problem' in parsed) {
    const hint = reference.startsWith('/') ? '; to read it from a file, write file:///PATH' : '';
    throw new CommandError(`cannot use ${option}: ${parsed.problem}${hint}`);
  }
  return checked(option, placeOf(parsed.value), await read(option, parsed.value), form);
}

function checked(option: string, place: string, secret: Secret, { inWords, faultOf }: SecretForm): Secret {
  const fault = faultOf(secret.reveal());
  if (fault === undefined) return secret;
  throw new CommandError(`cannot use ${option} ${place}: expected ${inWords}, found ${fault}`);
}

async function read(option: string, source: SecretSource): Promise<Secret> {
  const { env } = process;
  try {
    return await new Secrets({ env, credentialsDirectory: env['CREDENTIALS_DIRECTORY'] }).read(source);
  } catch (cause) {
    if (cause instanceof CloudError) throw new CommandError(`cannot use ${option}`, { cause });
    throw cause;
  }
}

/** One line break at the end is not part of it. */
async function readInput(): Promise<Secret> {
  let text = '';
  for await (const chunk of process.stdin) text += String(chunk);
  return new Secret(text.replace(/\r?\n$/, ''));
}
