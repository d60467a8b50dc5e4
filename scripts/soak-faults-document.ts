// Writes the tables of docs/soak-faults.md from src/soak/faults; a test holds them together.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { faultKindGroups } from '../src/soak/faults/kinds.ts';

export const soakFaultsDocumentPath = join(import.meta.dirname, '..', 'docs', 'soak-faults.md');

const [begin, end] = ['<!-- the tables of faults -->', '<!-- their end -->'];

/** The page with its tables as the source has them; everything else is as it was written. */
export function soakFaultsDocument(page: string): string {
  const [before, rest] = page.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined)
    throw new Error(`cannot find ${begin} … ${end} in docs/soak-faults.md`);
  return [before + begin, '', ...faultKindGroups.flatMap(table), end + after].join('\n');
}

function table({ title, kinds }: (typeof faultKindGroups)[number]): string[] {
  return [
    `## ${title}`,
    '',
    '| kind | what happens |',
    '| --- | --- |',
    ...kinds.map(({ name, summary }) => `| \`${name}\` | ${summary} |`),
    '',
  ];
}

if (process.argv[1] === import.meta.filename)
  await writeFile(soakFaultsDocumentPath, soakFaultsDocument(await readFile(soakFaultsDocumentPath, 'utf8')));
