import { configOption } from './config-option.ts';
import { outputOption } from './output-option.ts';
import { UsageError } from './usage.ts';
import { parseOptions } from './verb.ts';
import type { Verb } from './verb.ts';

const options = {
  config: { ...configOption, help: 'the configuration to write; secrets go into files beside it' },
  'scope-id': { type: 'string', value: 'ID', help: 'the ID scope of the DPS' },
  'registration-id': { type: 'string', value: 'ID', help: 'the name under which the device registers' },
  'symmetric-key': { type: 'string', value: 'REF', help: 'the key of the enrollment of this device alone' },
  'group-key': {
    type: 'string',
    value: 'REF',
    help: 'the key of an enrollment group: the key of this device is made from it, and that alone is written',
  },
  'identity-cert': {
    type: 'string',
    value: 'FILE',
    completes: 'file',
    help: "the device's certificate, with its chain",
  },
  'identity-pk': { type: 'string', value: 'FILE', completes: 'file', help: 'its private key' },
  'identity-pk-passphrase': { type: 'string', value: 'REF', help: 'what decrypts the private key' },
  'connection-string': {
    type: 'string',
    value: 'REF',
    help: "without DPS: the device's connection string, as its hub shows it",
  },
  endpoint: {
    type: 'string',
    value: 'HOST',
    help: 'another DPS than that of public Azure, as HOST or HOST:PORT',
  },
  'ca-file': {
    type: 'string',
    value: 'FILE',
    completes: 'file',
    help: 'a private authority that DPS and hub are trusted by, such as the simulator’s',
  },
  input: {
    type: 'string',
    choices: ['system', 'socket', 'none'],
    help: 'what to send first (system unless asked for)',
  },
  'from-iotedge': {
    type: 'string',
    value: 'FILE',
    completes: 'file',
    help: 'take over what the config.yaml of IoT Edge 1.1 says',
  },
  force: { type: 'boolean', default: false, help: 'replace what is there, and keep a copy of it' },
  try: { type: 'boolean', default: false, help: 'then register and connect once, and say what came of it' },
  output: outputOption,
} as const;

export const init: Verb = {
  name: 'init',
  summary: 'write a first configuration: asks for what it needs, or takes it from options or from IoT Edge',
  usage: '[--config PATH] [--from-iotedge FILE | options for what is known already] [--force] [--try]',
  description: [
    'On a terminal it asks for whatever no option says, and looks at each answer at once. Elsewhere it names everything ' +
      'that is missing. Nothing is written before all is known.',
    'A REF is where a secret stands: file:///PATH, env:NAME or - for standard input. It is never the secret itself, since ' +
      'every user of the machine sees command lines.',
    'The configuration (0644) holds no secret; each has a file of its own (0600) beside it, which belongs to the user ' +
      'dps-agent when root writes it and there is one.',
    'With --try the exit status is 1 when the device could not register and connect. What was written stays.',
  ],
  options,
  run: async (args) => {
    const values = parseOptions(options, args);
    if (Object.values(values).filter((value) => value === '-').length > 1)
      throw new UsageError('only one secret can come from standard input');
    refuseBeside(values);
    const { runInit } = await import('./run-init.ts');
    return runInit({
      configPath: values.config,
      fromIotEdge: values['from-iotedge'],
      scopeId: values['scope-id'],
      registrationId: values['registration-id'],
      certificate: values['identity-cert'],
      privateKey: values['identity-pk'],
      secrets: {
        symmetricKey: values['symmetric-key'],
        groupKey: values['group-key'],
        passphrase: values['identity-pk-passphrase'],
        connectionString: values['connection-string'],
      },
      endpoint: values.endpoint,
      caFile: values['ca-file'],
      input: values.input,
      force: values.force,
      tries: values.try,
      output: values.output,
    });
  },
};

/** Ways of proving who the device is: one of them. */
const proofs = ['symmetric-key', 'group-key', 'identity-cert', 'connection-string', 'from-iotedge'] as const;

/** What says nothing beside these. */
const strangers: Readonly<Record<string, readonly string[]>> = {
  'symmetric-key': ['identity-pk', 'identity-pk-passphrase'],
  'group-key': ['identity-pk', 'identity-pk-passphrase'],
  'connection-string': ['scope-id', 'registration-id', 'endpoint', 'identity-pk', 'identity-pk-passphrase'],
  'from-iotedge': [
    ...['scope-id', 'registration-id', 'endpoint', 'ca-file'],
    ...['identity-pk', 'identity-pk-passphrase'],
  ],
};

function refuseBeside(values: Readonly<Record<string, unknown>>): void {
  const [proof, second] = proofs.filter((name) => values[name] !== undefined);
  if (proof === undefined) return;
  const other = second ?? strangers[proof]?.find((name) => values[name] !== undefined);
  if (other !== undefined) throw new UsageError(`--${other} does not go with --${proof}: leave one out`);
}
