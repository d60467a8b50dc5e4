// Writes the tables of docs/checks.md from src/checks; a test holds them together.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { allChecks } from '../src/checks/table.ts';

export const checksDocumentPath = join(import.meta.dirname, '..', 'docs', 'checks.md');

const [begin, end] = ['<!-- the table of checks -->', '<!-- its end -->'];

/** The page with its table as the source has it; everything else is as it was written. */
export function checksDocument(page: string): string {
  const [before, rest] = page.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined)
    throw new Error(`cannot find ${begin} … ${end} in docs/checks.md`);
  return [before + begin, '', ...rows(), '', end + after].join('\n');
}

function rows(): string[] {
  return [
    '| check | looks at | not without | network |',
    '| --- | --- | --- | --- |',
    ...allChecks.map(({ id, looksAt, needs = [], isOnline = false }) => {
      const others = needs.map((other) => `\`${other}\``).join(', ');
      return `| \`${id}\` | ${looksAt} | ${others} | ${isOnline ? 'yes' : ''} |`;
    }),
  ];
}

if (process.argv[1] === import.meta.filename)
  await writeFile(checksDocumentPath, checksDocument(await readFile(checksDocumentPath, 'utf8')));
