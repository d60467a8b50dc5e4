import process from 'node:process';
import { connectionStringInWords, parseConnectionString } from '../connection-string.ts';
import type { Given } from '../init/interview.ts';
import type { Secret } from '../lib/secret.ts';
import { readKeyArgument, readSecretArgument } from './secret-argument.ts';
import { UsageError } from './usage.ts';

/** Where the secrets of `init` stand. */
export interface SecretReferences {
  readonly symmetricKey: string | undefined;
  readonly groupKey: string | undefined;
  readonly passphrase: string | undefined;
  readonly connectionString: string | undefined;
}

/** Reads them. Throws a UsageError for a secret itself, a CommandError for one that cannot be read, or is none. */
export async function givenSecrets(
  references: SecretReferences,
): Promise<Pick<Given, keyof SecretReferences>> {
  const { symmetricKey, groupKey, passphrase, connectionString } = references;
  return {
    symmetricKey: await read('--symmetric-key', symmetricKey, readKeyArgument),
    groupKey: await read('--group-key', groupKey, readKeyArgument),
    passphrase: await read('--identity-pk-passphrase', passphrase, (option, reference) =>
      readSecretArgument(option, reference, {
        inWords: 'the passphrase of the private key',
        faultOf: (text) => (text === '' ? 'an empty text' : undefined),
      }),
    ),
    connectionString: await read('--connection-string', connectionString, (option, reference) =>
      readSecretArgument(option, reference, { inWords: connectionStringInWords, faultOf }),
    ),
  };
}

async function read(
  option: string,
  reference: string | undefined,
  readArgument: (option: string, reference: string) => Promise<Secret>,
): Promise<Secret | undefined> {
  // Standard input of a person at a terminal: there the secret is asked for, and not shown.
  if (reference === undefined || (reference === '-' && process.stdin.isTTY)) return undefined;
  if (reference !== '-' && !/^(file|env|credential):/.test(reference))
    throw new UsageError(
      `cannot take ${option} from the command line, which every user of this machine can see: write file:///PATH, env:NAME or - for standard input`,
    );
  return readArgument(option, reference);
}

function faultOf(text: string): string | undefined {
  const parsed = parseConnectionString(text);
  return 'fault' in parsed ? parsed.fault : undefined;
}
