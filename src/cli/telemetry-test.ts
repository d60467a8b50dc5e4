import process from 'node:process';
import { configOption } from './config-option.ts';
import { jsonLine, outputOption } from './output-option.ts';
import { Printout } from './print.ts';
import { CommandError, exitCodes } from './usage.ts';
import { parseOptions, required, wholeNumber } from './verb.ts';
import type { Verb } from './verb.ts';

const options = {
  config: configOption,
  input: { type: 'string', value: 'NAME', help: 'which of telemetry.inputs' },
  count: { type: 'string', default: '1', value: 'N', help: 'how many readings to wait for' },
  timeout: { type: 'string', default: '60', value: 'SECONDS', help: 'how long to wait for them' },
  output: outputOption,
} as const;

export const telemetryTest: Verb = {
  name: 'telemetry test',
  summary: 'read one input, and print the messages that would be sent; nothing is sent',
  usage: '--input NAME [--count N] [--timeout SECONDS] [--config PATH] [--output text|json]',
  description: [
    'Reads the input as the agent would, processes and batches its readings, and prints each message with its ' +
      'properties. What a window or a batch still holds in the end is printed, too. The hub is not connected to, the queue ' +
      'not touched.',
    'It runs as whoever calls it: an input that root can read may be closed to the user the service runs as ' +
      '(sudo -u dps-agent …).',
  ],
  options,
  run: async (args) => {
    const values = parseOptions(options, args);
    const count = wholeNumber('--count', values.count, 1, 100_000);
    const timeoutS = wholeNumber('--timeout', values.timeout, 1, 86_400);
    const { testInput } = await import('./test-input.ts');
    const ending = new AbortController();
    stopOnSignals(ending);
    const printout = new Printout();
    try {
      await testInput(values.config, required('--input', values.input), {
        count,
        timeoutMs: timeoutS * 1000,
        print: (message) => {
          void printout.add(values.output === 'json' ? jsonLine(message) : messageText(message));
          stopUnread(printout, ending);
        },
        stop: ending.signal,
      });
    } catch (error) {
      if (error !== unread) throw error;
    }
    await printout.printed();
    return exitCodes.success;
  },
};

/** Whoever read has gone, as `head` does when it has enough: no failure. */
const unread = new Error('nobody reads any more');

function stopUnread(printout: Printout, ending: AbortController): void {
  printout.printed().then(
    (isRead) => {
      if (!isRead) ending.abort(unread);
    },
    (error: unknown) => {
      ending.abort(error);
    },
  );
}

/** Ends in order, so that no program that an input runs is left behind; the second signal ends at once. */
function stopOnSignals(ending: AbortController): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      ending.abort(new CommandError(`cannot go on: stopped by ${signal}`));
    });
}

/** A message as it would be sent, without the number that the queue gives it. */
export interface ShownMessage {
  readonly input: string;
  readonly priority: string;
  readonly bytes: number;
  readonly contentType: string;
  readonly contentEncoding?: string | undefined;
  readonly component?: string | undefined;
  readonly properties: Readonly<Record<string, string>>;
  /** Unpacked; base64 where it is no text. */
  readonly body: string;
}

function messageText(message: ShownMessage): string {
  const { input, priority, bytes, contentType, contentEncoding, component, properties, body } = message;
  const type = contentEncoding === undefined ? contentType : `${contentType}, ${contentEncoding}`;
  const lines = [
    `message of ${input}: ${bytes} bytes, priority ${priority}, ${type}`,
    ...(component === undefined ? [] : [`  component ${component}`]),
    ...Object.entries(properties).map(([name, value]) => `  property ${name} = ${value}`),
    `  ${body}`,
  ];
  return `${lines.join('\n')}\n`;
}
