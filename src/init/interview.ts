import * as v from 'valibot';
import { parseEndpoint } from '../config/endpoint.ts';
import { parseRegistrationId } from '../config/registration-id.ts';
import { scopeId } from '../config/provisioning-schema.ts';
import type { Parsed } from '../config/found.ts';
import { connectionStringInWords, parseConnectionString } from '../connection-string.ts';
import { deviceKeyFault, deviceKeyInWords } from '../device-key.ts';
import type { Clock } from '../lib/clock.ts';
import { Secret } from '../lib/secret.ts';
import { deriveDeviceKey } from '../provisioning/derive-device-key.ts';
import { Asking } from './asking.ts';
import type { Question } from './asking.ts';
import { choice } from './choice.ts';
import { certificatePath, hasPassphrase, pairProblem, privateKeyPath } from './pem-files.ts';
import type { FirstInput, Identity, Setup } from './setup.ts';
import type { Terminal } from './terminal.ts';

/** What the command line says already. Secrets are read from where it says that they stand. */
export interface Given {
  readonly scopeId?: string | undefined;
  readonly registrationId?: string | undefined;
  readonly symmetricKey?: Secret | undefined;
  readonly groupKey?: Secret | undefined;
  readonly connectionString?: Secret | undefined;
  readonly certificate?: string | undefined;
  readonly privateKey?: string | undefined;
  readonly passphrase?: Secret | undefined;
  readonly endpoint?: string | undefined;
  readonly caFile?: string | undefined;
  readonly input?: string | undefined;
}

export interface Interviewed {
  /** Absent: nobody can be asked. */
  readonly terminal: Terminal | undefined;
  readonly suggestedId: string | undefined;
  readonly clock: Clock;
}

export type Method = keyof typeof methods;

/** In the order of the menu. */
export const methods = {
  symmetric_key: 'the key of the enrollment of this device alone',
  group_key: "the key of an enrollment group: this device's own is made from it, and that alone is written",
  x509: 'a certificate and its private key, in files',
  connection_string: 'no DPS: the connection string that the hub shows for the device',
} as const;

const inputs = {
  system: "the gateway's own health: processor, memory, disk, temperature, network",
  socket: 'what other programs of this machine post to the agent',
  none: 'nothing yet',
} as const satisfies Record<FirstInput, string>;

/**
 * Everything that a first configuration needs: what was given, and for the rest whatever a person answers. Rejects with
 * an Incomplete when there is nobody to ask, with a Refusal when the person does not want to go on.
 */
export async function interview(given: Given, { terminal, suggestedId, clock }: Interviewed): Promise<Setup> {
  const asking = new Asking(terminal);
  const method = await asking.answer(methodQuestion, methodOf(given));
  const part = { asking, given, suggestedId, clock };
  const identity = method === undefined ? await undecided(part) : await identityBy[method](part);
  const endpoint = await asking.ifGiven(endpointQuestion, given.endpoint);
  const trustBundle = await asking.ifGiven(caFileQuestion, given.caFile);
  const input = await asking.answer(inputQuestion, given.input);
  asking.finish();
  if (identity === undefined || input === undefined) throw new Error('cannot be: an answer is missing');
  return { identity, input, endpoint, trustBundle };
}

/** The method that the other options speak of. */
function methodOf(given: Given): Method | undefined {
  if (given.symmetricKey !== undefined) return 'symmetric_key';
  if (given.groupKey !== undefined) return 'group_key';
  if (given.connectionString !== undefined) return 'connection_string';
  return given.certificate === undefined && given.privateKey === undefined ? undefined : 'x509';
}

interface Part {
  readonly asking: Asking;
  readonly given: Given;
  readonly suggestedId: string | undefined;
  readonly clock: Clock;
}

const identityBy: Readonly<Record<Method, (part: Part) => Promise<Identity | undefined>>> = {
  symmetric_key: async (part) => {
    const named = await nameAndScope(part);
    const key = await part.asking.answer(symmetricKeyQuestion, part.given.symmetricKey?.reveal());
    if (named === undefined || key === undefined) return undefined;
    return { method: 'symmetric_key', ...named, key };
  },
  group_key: async (part) => {
    const named = await nameAndScope(part);
    const groupKey = await part.asking.answer(groupKeyQuestion, part.given.groupKey?.reveal());
    if (named === undefined || groupKey === undefined) return undefined;
    return { method: 'symmetric_key', ...named, key: deriveDeviceKey(groupKey, named.registrationId) };
  },
  x509: async (part) => {
    const scope = await part.asking.answer(scopeQuestion, part.given.scopeId);
    const registrationId = await part.asking.ifGiven(idQuestion(undefined), part.given.registrationId);
    const files = await certificateAndKey(part, registrationId);
    if (scope === undefined || files === undefined) return undefined;
    return { method: 'x509', scopeId: scope, registrationId, ...files };
  },
  connection_string: async ({ asking, given }) => {
    const connectionString = await asking.answer(connectionStringQuestion, given.connectionString?.reveal());
    return connectionString && { method: 'connection_string', connectionString };
  },
};

async function nameAndScope({
  asking,
  given,
  suggestedId,
}: Part): Promise<{ readonly scopeId: string; readonly registrationId: string } | undefined> {
  const scope = await asking.answer(scopeQuestion, given.scopeId);
  const registrationId = await asking.answer(idQuestion(suggestedId), given.registrationId);
  return scope === undefined || registrationId === undefined ? undefined : { scopeId: scope, registrationId };
}

/** Asked for together until they fit: which of the two is the wrong one, nobody can know. */
async function certificateAndKey(
  { asking, given, clock }: Part,
  registrationId: string | undefined,
): Promise<
  Pick<Extract<Identity, { method: 'x509' }>, 'certificate' | 'privateKey' | 'passphrase'> | undefined
> {
  for (let known = given; ; known = {}) {
    const certificate = await asking.answer(certificateQuestion, known.certificate);
    const privateKey = await asking.answer(privateKeyQuestion, known.privateKey);
    if (certificate === undefined || privateKey === undefined) return undefined;
    const passphrase = (await hasPassphrase(privateKey))
      ? await asking.answer(passphraseQuestion, known.passphrase?.reveal())
      : undefined;
    const files = { certificate, privateKey, passphrase };
    const problem = await pairProblem(files, { registrationId }, clock);
    if (problem === undefined) return files;
    if (!asking.refused(problem)) return undefined;
  }
}

/** Nobody can be asked for the method, and all but one of them need these. */
async function undecided(part: Part): Promise<Identity | undefined> {
  await nameAndScope(part);
  return undefined;
}

const methodQuestion: Question<Method> = choice(methods, {
  option: '--symmetric-key (or --group-key, --identity-cert and --identity-pk, or --connection-string)',
  title: 'How does the device prove who it is?',
  text: 'Method',
  suggestion: 'symmetric_key',
});

const inputQuestion: Question<FirstInput> = choice(inputs, {
  option: '--input',
  title: 'What is to be sent first? (More can be written into the configuration later.)',
  text: 'Input',
  suggestion: 'system',
  fallback: 'system',
});

const scopeQuestion: Question<string> = {
  option: '--scope-id',
  text: 'ID scope, from the overview page of the DPS in the portal',
  read: (text) => {
    const { success, output, issues } = v.safeParse(scopeId, text);
    return success ? { value: output } : { problem: issues[0].message };
  },
};

function idQuestion(suggestion: string | undefined): Question<string> {
  return { option: '--registration-id', text: 'Registration ID', suggestion, read: parseRegistrationId };
}

const symmetricKeyQuestion = keyQuestion('--symmetric-key', 'Key of the enrollment');
const groupKeyQuestion = keyQuestion('--group-key', 'Key of the enrollment group');

function keyQuestion(option: string, text: string): Question<Secret> {
  return secretQuestion(option, text, (key) => {
    const fault = deviceKeyFault(key);
    return fault === undefined ? undefined : `expected ${deviceKeyInWords}, found ${fault}`;
  });
}

const connectionStringQuestion = secretQuestion(
  '--connection-string',
  'Connection string of the device',
  (text) => {
    const parsed = parseConnectionString(text);
    return 'fault' in parsed ? `expected ${connectionStringInWords}, found ${parsed.fault}` : undefined;
  },
);

const passphraseQuestion = secretQuestion(
  '--identity-pk-passphrase',
  'Passphrase of the private key',
  (text) => (text === '' ? 'expected the passphrase of the private key, found nothing' : undefined),
);

function secretQuestion(
  option: string,
  text: string,
  problemOf: (text: string) => string | undefined,
): Question<Secret> {
  const read = (typed: string): Parsed<Secret> => {
    const problem = problemOf(typed);
    return problem === undefined ? { value: new Secret(typed) } : { problem };
  };
  return { option, text: `${text} (is not shown)`, isSecret: true, read };
}

const certificateQuestion: Question<string> = {
  option: '--identity-cert',
  text: "File of the device's certificate, with its chain",
  read: certificatePath,
};

const privateKeyQuestion: Question<string> = {
  option: '--identity-pk',
  text: 'File of its private key',
  read: privateKeyPath,
};

const endpointQuestion: Question<string> = {
  option: '--endpoint',
  text: 'Address of DPS',
  read: (text) => {
    const parsed = parseEndpoint(text);
    return 'problem' in parsed ? parsed : { value: text };
  },
};

const caFileQuestion: Question<string> = {
  option: '--ca-file',
  text: 'File of the private authority',
  read: certificatePath,
};
