import process from 'node:process';
import { CloudError } from '../cloud-error.ts';
import type { SecretSource } from '../config/secret-source.ts';
import { parseSymmetricKey } from '../config/symmetric-key.ts';
import { deviceKeyFault, deviceKeyInWords } from '../device-key.ts';
import { Secret } from '../lib/secret.ts';
import { Secrets, placeOf } from '../provisioning/secrets.ts';
import { CommandError } from './usage.ts';

/**
 * The symmetric key that an argument gives or refers to: as in config.yaml, or `-` for standard input. Throws a
 * CommandError that says which argument and what is wrong with it, and never what the key is.
 */
export async function readKeyArgument(option: string, reference: string): Promise<Secret> {
  if (reference === '-') return checked(option, '- (standard input)', await readInput());
  const parsed = parseSymmetricKey(reference);
  if ('problem' in parsed) {
    const hint = reference.startsWith('/') ? '; to read it from a file, write file:///PATH' : '';
    throw new CommandError(`cannot use ${option}: ${parsed.problem}${hint}`);
  }
  return checked(option, placeOf(parsed.value), await read(option, parsed.value));
}

function checked(option: string, place: string, key: Secret): Secret {
  const fault = deviceKeyFault(key.reveal());
  if (fault === undefined) return key;
  throw new CommandError(`cannot use ${option} ${place}: expected ${deviceKeyInWords}, found ${fault}`);
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
