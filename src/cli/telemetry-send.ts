import { configOption } from './config-option.ts';
import { jsonDocument, outputOption } from './output-option.ts';
import { print, printError } from './print.ts';
import { UsageError, exitCodes } from './usage.ts';
import { parseVerbArgs, wholeNumber } from './verb.ts';
import type { Verb } from './verb.ts';

const options = {
  config: configOption,
  input: {
    type: 'string',
    value: 'NAME',
    help: 'which input of type socket, where there are several',
  },
  file: {
    type: 'string',
    value: 'PATH',
    completes: 'file',
    help: 'what to send, in place of name=value; - is standard input',
  },
  message: {
    type: 'boolean',
    default: false,
    help: 'send it as one whole message, as it is; without this it is readings, to be processed and batched',
  },
  'content-type': {
    type: 'string',
    value: 'TYPE',
    help: 'of the message; without it told by the name of its file',
  },
  property: {
    type: 'string',
    multiple: true,
    value: 'NAME=VALUE',
    help: 'an application property of the message; may be given several times',
  },
  priority: {
    type: 'string',
    choices: ['high', 'normal', 'low'],
    help: 'in place of the input’s own',
  },
  component: {
    type: 'string',
    value: 'NAME',
    help: 'the Plug and Play component, in place of the input’s own',
  },
  ttl: {
    type: 'string',
    value: 'DURATION',
    help: 'how long the message is worth sending, such as 10m',
  },
  timeout: { type: 'string', default: '60', value: 'SECONDS', help: 'how long to wait for the answer' },
  output: outputOption,
} as const;

export const telemetrySend: Verb = {
  name: 'telemetry send',
  summary: 'hand readings or a message to the running agent, and say what became of them',
  usage:
    '[--config PATH] [--output text|json] [--input NAME] [--message] [options of either] (NAME=VALUE… | --file PATH)',
  description: [
    'NAME=VALUE … are one reading; a VALUE is a number, true, false or other JSON, or else text. A file holds one reading ' +
      'or an array of them as JSON, or one a line. With --message the file, or the values as a JSON object, are one message.',
    'The answer comes when all is as safe as telemetry.queue.durability promises, and says where it is: at the hub, on the ' +
      'disk, or in memory. The exit status is 1 when not all was taken in. It needs an input of type socket.',
  ],
  options,
  run: async (args) => {
    const { values, positionals } = parseVerbArgs(options, args);
    if (values.file === undefined && positionals.length === 0)
      throw new UsageError('there is nothing to send: give name=value, or --file');
    if (values.file !== undefined && positionals.length > 0)
      throw new UsageError('cannot send both --file and name=value: give one of them');
    const onlyMessages = ['content-type', 'property', 'ttl'] as const;
    const misplaced = onlyMessages.find((name) => values[name] !== undefined);
    if (!values.message && misplaced !== undefined)
      throw new UsageError(`--${misplaced} is for a whole message: add --message`);
    const { messageEnvelope, pairs, sendTelemetry, sentText, valuesOf } = await import('./send-telemetry.ts');
    const { readInput } = await import('./read-input.ts');
    const { file, input, priority, component } = values;
    const content = file === undefined ? JSON.stringify(valuesOf(positionals)) : await readInput(file);
    const post = values.message
      ? {
          kind: 'messages' as const,
          body: messageEnvelope(content, {
            file: file ?? 'values.json',
            contentType: values['content-type'],
            properties: pairs('--property', values.property ?? []),
            ttl: values.ttl,
          }),
        }
      : { kind: 'telemetry' as const, body: content };
    const timeoutMs = wholeNumber('--timeout', values.timeout, 1, 3600) * 1000;
    const outcome = await sendTelemetry(values.config, { ...post, input, priority, component }, timeoutMs);
    const text = values.output === 'json' ? jsonDocument(outcome) : sentText(outcome);
    await (outcome.isGood || values.output === 'json' ? print : printError)(text);
    return outcome.isGood ? exitCodes.success : exitCodes.failure;
  },
};
