import * as v from 'valibot';
import type { MessageMatch } from '../messages/rule.ts';
import {
  byteSize,
  duration,
  field,
  filledIn,
  flag,
  optionalSection,
  pathTo,
  present,
  section,
  text,
  wholeNumber,
  type Preset,
} from './fields.ts';
import { forms } from './forms.ts';
import { parseAbsolutePath, parseFileUri } from './file-uri.ts';
import { expected, found, isMapping, listed, quotesHint, type Parsed } from './found.ts';
import { parseCommand, parseEnvironment, parseUser, type ExecCommand } from './inputs/exec-input.ts';
import { brokerMisfits, parseUrl, type MqttBroker } from './inputs/mqtt-input.ts';
import { fitting, type Misfit } from './misfit.ts';
import { secretText, type SecretSource } from './secret-source.ts';

/** What is done with the cloud-to-device messages that fit, unless an earlier rule is for them. */
export interface MessageRuleConfig {
  readonly name: string;
  readonly match: MessageMatch;
  readonly action: MessageAction;
  /** Of one message, before it is set aside. */
  readonly attempts: number;
  readonly retry: { readonly initialMs: number; readonly maximumMs: number };
}

export type MessageAction =
  | ({ readonly kind: 'command' } & MessageCommand)
  | ({ readonly kind: 'publish' } & MessagePublish)
  | { readonly kind: 'local_api' };

export interface MessageCommand {
  readonly command: ExecCommand;
  /** Name or number; absent: the agent's own. */
  readonly user?: string;
  readonly timeoutMs: number;
  readonly maxOutputBytes: number;
  /** Secrets may stand here: never to be printed. */
  readonly environment: Readonly<Record<string, string>>;
  readonly directory?: string;
}

export interface MessagePublish {
  readonly broker: MqttBroker;
  /** `{name}` stands for the application property of that name. */
  readonly topic: string;
  readonly retain: boolean;
  readonly username?: string;
  readonly password?: SecretSource;
  /** Paths of PEM files with the authorities that the broker is trusted by; none: those that Node.js knows. */
  readonly trustedCerts: readonly string[];
  /** Paths of PEM files. */
  readonly clientCertificate?: { readonly certificate: string; readonly privateKey: string };
}

const pattern = text('a pattern of 1 to 1024 characters, in which * stands for any text', /^[^\0]{1,1024}$/);
const path = field(parseFileUri, forms.fileUri);

const match = v.pipe(
  section({
    property: v.optional(field(parsePatterns, forms.texts), {}),
    message_id: v.optional(pattern),
    content_type: v.optional(pattern),
  }),
  v.transform(({ property, message_id, content_type }): MessageMatch => ({
    properties: property,
    ...present({ messageId: message_id, contentType: content_type }),
  })),
);

const publish = v.pipe(
  section({
    url: field(parseUrl, forms.brokerUrl),
    topic: field(parseTopic, forms.someText),
    retain: v.optional(flag, false),
    username: v.optional(text('a user name', /^[^\0]+$/)),
    password: v.optional(secretText('the password for the broker')),
    trusted_certs: v.optional(
      v.array(path, (issue) => expected('a list of file URIs', issue.input)),
      [],
    ),
    client_cert: v.optional(path),
    client_pk: v.optional(path),
  }),
  fitting(brokerMisfits),
  v.transform(({ client_cert: certificate, client_pk: privateKey, ...rest }): MessagePublish => ({
    broker: rest.url,
    topic: rest.topic,
    retain: rest.retain,
    ...present({ username: rest.username, password: rest.password }),
    trustedCerts: rest.trusted_certs,
    ...(certificate === undefined || privateKey === undefined
      ? {}
      : { clientCertificate: { certificate, privateKey } }),
  })),
);

const retry = v.pipe(
  section({
    attempts: v.optional(wholeNumber(1, 100), 5),
    initial: v.optional(duration('100ms', '10m'), '1s'),
    maximum: v.optional(duration('100ms', '1d'), '1m'),
  }),
  fitting(({ initial, maximum }) =>
    typeof initial === 'number' && typeof maximum === 'number' && initial > maximum
      ? [{ key: 'initial', message: 'expected at most the maximum' }]
      : [],
  ),
);

const rule = v.pipe(
  section({
    name: filledIn(text('a name of 1 to 64 letters, digits, - or _', /^[A-Za-z0-9_-]{1,64}$/), (_, path) =>
      nameAt(Number(path.at(-1))),
    ),
    match: optionalSection(match),
    command: v.optional(field(parseCommand, forms.command)),
    // Not every action has these, so they have their presets below: a preset counts as given.
    user: v.optional(field(parseUser, forms.user)),
    timeout: filledIn(duration('100ms', '1h'), withCommand('30s')),
    max_output: filledIn(byteSize('1KB', '16MB'), withCommand('64KB')),
    environment: filledIn(field(parseEnvironment, forms.texts), withCommand({})),
    directory: v.optional(field(parseAbsolutePath, forms.absolutePath)),
    publish: v.optional(publish),
    local_api: v.optional(flag),
    // What is fetched is there until it is.
    retry: filledIn(retry, ({ local_api }) => (local_api === true ? undefined : {})),
  }),
  fitting(misfits),
  v.transform((input) => {
    const { attempts = 5, initial = 1000, maximum = 60_000 } = input.retry ?? {};
    const common = { match: input.match, attempts, retry: { initialMs: initial, maximumMs: maximum } };
    return { ...present({ name: input.name }), ...common, action: actionOf(input) };
  }),
);

/** `on_message`: the first rule that fits has the message. */
export const onMessage = v.pipe(
  v.array(rule, (issue) => expected('a list of rules, each with command, publish or local_api', issue.input)),
  v.maxLength(16, (issue) => `expected at most 16 rules, found ${issue.input.length}`),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!Array.isArray(dataset.value)) return;
    const names = dataset.value.map((item: unknown) => (isMapping(item) ? item['name'] : undefined));
    names.forEach((name, index) => {
      if (name === undefined || names.indexOf(name) === index) return;
      const message = `${found(name)} is already the name of on_message[${names.indexOf(name)}]: give each rule its own`;
      addIssue({ message, path: pathTo(index, 'name') });
    });
  }),
  v.transform((rules): readonly MessageRuleConfig[] =>
    rules.map(({ name, ...rest }, index) => ({ name: name ?? nameAt(index), ...rest })),
  ),
);

function nameAt(index: number): string {
  return `on_message[${index}]`;
}

function withCommand(preset: unknown): Preset {
  return ({ command }) => (command === undefined ? undefined : preset);
}

interface ActionKeys {
  command?: ExecCommand | undefined;
  user?: string | undefined;
  timeout?: number | undefined;
  max_output?: number | undefined;
  environment?: Readonly<Record<string, string>> | undefined;
  directory?: string | undefined;
  publish?: MessagePublish | undefined;
}

function actionOf(input: ActionKeys): MessageAction {
  const { command, timeout = 30_000, max_output = 64 * 1024, environment = {}, user, directory } = input;
  if (command !== undefined) {
    const place = present({ user, directory });
    return {
      kind: 'command',
      command,
      environment,
      timeoutMs: timeout,
      maxOutputBytes: max_output,
      ...place,
    };
  }
  return input.publish === undefined ? { kind: 'local_api' } : { kind: 'publish', ...input.publish };
}

const actions = ['command', 'publish', 'local_api'];
const ofCommand = ['user', 'timeout', 'max_output', 'environment', 'directory'];

function misfits(given: Readonly<Record<string, unknown>>): Misfit[] {
  const chosen = actions.filter((key) => given[key] !== undefined && given[key] !== false);
  const [first, second] = chosen;
  if (first === undefined)
    return [{ key: 'command', message: `missing: expected ${listed(actions)}: what to do with the message` }];
  if (second !== undefined)
    return [{ key: second, message: `a rule does one thing, and this one has ${first} already: remove one` }];
  const foreign = [
    ...(first === 'command' ? [] : ofCommand),
    ...(first === 'local_api' ? ['retry'] : []),
  ].filter((key) => key in given);
  const owner = (key: string): string => (key === 'retry' ? 'command and publish' : 'command');
  return foreign.map((key) => ({
    key,
    message: `belongs to ${owner(key)}, but this rule has ${first}: remove it`,
  }));
}

function parsePatterns(input: unknown): Parsed<Readonly<Record<string, string>>> {
  if (!isMapping(input))
    return {
      problem: expected('a mapping of property names to patterns, in which * stands for any text', input),
    };
  for (const [name, value] of Object.entries(input))
    if (typeof value !== 'string')
      return { problem: `property ${name}: ${expected('a pattern', value)}${quotesHint(value)}` };
  return { value: input as Record<string, string> };
}

/** A topic name (MQTT 3.1.1, 4.7), with places to be filled. */
function parseTopic(input: unknown): Parsed<string> {
  const what = 'a topic such as commands or commands/{name}, in which {name} stands for a property';
  if (typeof input !== 'string' || !/^[^\0]{1,1024}$/.test(input)) return { problem: expected(what, input) };
  const plain = input.replaceAll(/\{[^{}]+\}/g, '');
  if (/[+#]/.test(plain)) return { problem: `${expected(what, input)}: + and # are for subscribing only` };
  if (/[{}]/.test(plain)) return { problem: expected(what, input) };
  return { value: input };
}
