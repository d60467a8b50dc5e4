// Writes docs/commands.md from the verbs in src/cli; a test holds the two together.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { exitCodeMeanings, verbHelp } from '../src/cli/help.ts';
import type { Verb } from '../src/cli/verb.ts';
import { verbs } from '../src/cli/verbs.ts';

export const commandsDocumentPath = join(import.meta.dirname, '..', 'docs', 'commands.md');

export function commandsDocument(): string {
  return [
    '# Commands',
    '',
    'Made from `src/cli` by `npm run docs`; `dps-agent COMMAND --help` says the same.',
    '',
    '| command | |',
    '| --- | --- |',
    ...verbs.map(({ name, summary }) => `| [\`${name}\`](#${anchor(name)}) | ${summary} |`),
    '',
    ...verbs.flatMap(section),
    '## Exit status',
    '',
    '| exit status | meaning |',
    '| --- | --- |',
    ...exitCodeMeanings.map(([status, meaning]) => `| ${status} | ${meaning} |`),
    '',
  ].join('\n');
}

function section(verb: Verb): string[] {
  return [`## ${verb.name}`, '', '```text', verbHelp(verb).trimEnd(), '```', ''];
}

function anchor(name: string): string {
  return name.replaceAll(' ', '-');
}

if (process.argv[1] === import.meta.filename) await writeFile(commandsDocumentPath, commandsDocument());
