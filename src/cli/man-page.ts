import { capitalised, exitCodeMeanings, explained, label, programSummary, wrap } from './help.ts';
import type { Verb, VerbOption } from './verb.ts';

/**
 * The manual page dps-agent(1), in the macros of man(7), as groff and mandoc take them.
 * @param date when it was made, as 2026-01-31
 */
export function manPage(verbs: readonly Verb[], version: string, date: string): string {
  return [
    `.TH DPS\\-AGENT 1 "${date}" "dps\\-agent ${escaped(version)}" "User Commands"`,
    '.SH NAME',
    `dps\\-agent \\- ${escaped(programSummary)}`,
    '.SH SYNOPSIS',
    ...paragraphs(verbs.map(synopsis)),
    '.SH COMMANDS',
    ...verbs.flatMap(verbSection),
    '.SH EXIT STATUS',
    ...exitCodeMeanings.flatMap(([status, meaning]) => ['.TP', `.B ${status}`, filled(meaning)]),
    '.SH FILES',
    ...files.flatMap(([path, meaning]) => ['.TP', `.I ${escaped(path)}`, filled(meaning)]),
    '',
  ].join('\n');
}

const files: readonly (readonly [string, string])[] = [
  ['/etc/dps-agent/config.yaml', 'The configuration.'],
  ['/etc/dps-agent/config.d/*.yaml', 'What is laid over it, file by file in the order of their names.'],
  [
    '/var/lib/dps-agent',
    'What must outlive a power cut, unless the configuration or systemd says otherwise.',
  ],
  ['/run/dps-agent/agent.sock', 'Where the running service is asked.'],
];

function synopsis({ name, usage }: Verb): string {
  return `\\fBdps\\-agent ${escaped(name)}\\fR ${escaped(usage)}`.trimEnd();
}

function verbSection(verb: Verb): string[] {
  return [
    `.SS ${escaped(verb.name)}`,
    ...paragraphs([synopsis(verb), filled(`${capitalised(verb.summary)}.`), ...verb.description.map(filled)]),
    ...Object.entries(verb.options).flatMap(([name, option]) => optionItem(name, option)),
  ];
}

/** The first follows a heading, which begins a paragraph by itself. */
function paragraphs(lines: readonly string[]): string[] {
  return lines.flatMap((text, index) => (index === 0 ? [text] : ['.PP', text]));
}

function optionItem(name: string, option: VerbOption): string[] {
  return ['.TP', `.B ${escaped(label(name, option))}`, filled(explained(option))];
}

/** Lines of text, none of which may begin like a macro. */
function filled(text: string): string {
  const lines = wrap(escaped(text), 79, '').split('\n');
  return lines.map((each) => (/^[.']/.test(each) ? `\\&${each}` : each)).join('\n');
}

function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll(/\P{ASCII}/gu, (character) => `\\[u${hex(character)}]`);
}

function hex(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
}
