// Writes docs/errors.md from the table in src/cloud-error.ts; a test holds the two together.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { failures } from '../src/cloud-error.ts';

export const errorsDocumentPath = join(import.meta.dirname, '..', 'docs', 'errors.md');

export function errorsDocument(): string {
  const rows = Object.entries(failures).map(
    ([code, { kind, meaning, remedy }]) => `| \`${code}\` | ${kind} | ${meaning} | ${remedy} |`,
  );
  return [
    '# Error codes',
    '',
    'Made from `src/cloud-error.ts` by `npm run docs`. The codes are stable. After a *transient* failure the agent tries',
    'again soon, after a *rejected* one it waits long; it never gives up. [provisioning.md](provisioning.md) has the rules.',
    '',
    '| code | kind | what has happened | what to do |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

if (process.argv[1] === import.meta.filename) await writeFile(errorsDocumentPath, errorsDocument());
