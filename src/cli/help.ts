import { exitCodes } from './usage.ts';
import type { Verb, VerbOption } from './verb.ts';

const helpWidth = 100;

/** One line, without a full stop. */
export const programSummary = 'device-side provisioning agent for Azure IoT';

/** What `dps-agent --help` says, or `dps-agent keys --help` of the verbs that begin with `keys`. */
export function programHelp(verbs: readonly Verb[]): string {
  const width = Math.max(...verbs.map(({ name }) => name.length));
  return [
    usageLines(verbs),
    '',
    'Commands:',
    ...verbs.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    'dps-agent COMMAND --help explains one of them; dps-agent --version tells the version.',
    '',
  ].join('\n');
}

/** What `dps-agent VERB --help` says. */
export function verbHelp(verb: Verb): string {
  const paragraphs = verb.description.flatMap((paragraph) => [wrap(paragraph, helpWidth, ''), '']);
  return [usageLines([verb]), '', `${capitalised(verb.summary)}.`, '', ...paragraphs, optionsHelp(verb)].join(
    '\n',
  );
}

/** `Usage: dps-agent run [--config PATH]`, one line for each verb. */
export function usageLines(verbs: readonly Verb[]): string {
  return verbs
    .map(({ name, usage }, index) =>
      `${index === 0 ? 'Usage:' : '      '} dps-agent ${name} ${usage}`.trimEnd(),
    )
    .join('\n');
}

/** What each exit status means, for the document. */
export const exitCodeMeanings: readonly (readonly [number, string])[] = [
  [exitCodes.success, 'done; or `run` was ended by SIGTERM or SIGINT'],
  [exitCodes.failure, 'what was asked for cannot be done, or a bug; standard error says which'],
  [exitCodes.notRunning, '`status`: no agent runs; what it left behind is told'],
  [exitCodes.usage, 'the command line was not understood'],
  [exitCodes.restart, '`run` was ended from the cloud, to be started again by its supervisor'],
  [exitCodes.config, 'the configuration must be put right by a person; do not restart it'],
  [exitCodes.secondSignal, '`run` was ended at once by a second signal'],
];

function optionsHelp({ options }: Verb): string {
  const rows = Object.entries(options).map(
    ([name, option]) => [label(name, option), explained(option)] as const,
  );
  const width = Math.max('--help'.length, ...rows.map(([left]) => left.length)) + 4;
  const lines = [...rows, ['--help', 'this text'] as const].map(
    ([left, right]) => `  ${left}`.padEnd(width) + wrap(right, helpWidth - width, ' '.repeat(width)),
  );
  return ['Options:', ...lines, ''].join('\n');
}

/** `--output text|json`, `--config PATH`, `--help`. */
export function label(name: string, { value, choices }: VerbOption): string {
  const shown = value ?? choices?.join('|');
  return shown === undefined ? `--${name}` : `--${name} ${shown}`;
}

/** A flag that is not given is off, which goes without saying. */
export function explained({ help, default: preset }: VerbOption): string {
  return typeof preset === 'string' ? `${help} (default ${preset})` : help;
}

/** Breaks at spaces; `indent` stands before every line but the first. */
export function wrap(paragraph: string, width: number, indent: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of paragraph.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join(`\n${indent}`);
}

export function capitalised(sentence: string): string {
  return sentence.slice(0, 1).toUpperCase() + sentence.slice(1);
}
