// Writes docs/errors.md from the tables in src/cloud-error.ts, src/work-error.ts and src/run-end.ts; a test holds them together.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { failures } from '../src/cloud-error.ts';
import { badEnds } from '../src/run-end.ts';
import { workFailures } from '../src/work-error.ts';

export const errorsDocumentPath = join(import.meta.dirname, '..', 'docs', 'errors.md');

export function errorsDocument(): string {
  const rows = Object.entries(failures).map(
    ([code, { kind, meaning, remedy }]) => `| \`${code}\` | ${kind} | ${meaning} | ${remedy} |`,
  );
  const workRows = Object.entries(workFailures).map(
    ([code, { status, meaning, remedy }]) => `| \`${code}\` | ${status} | ${meaning} | ${remedy} |`,
  );
  const endRows = Object.entries(badEnds).map(
    ([code, { meaning, remedy }]) => `| \`${code}\` | ${meaning} | ${remedy} |`,
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
    '## Work that the cloud asks for',
    '',
    'Made from `src/work-error.ts`: how tasks and commands fail on the device itself, and the status with which a direct',
    'method is answered then. A task that fails in any of the ways above has that code.',
    '',
    '| code | status | what has happened | what to do |',
    '| --- | --- | --- | --- |',
    ...workRows,
    '',
    '## How the run before ended',
    '',
    'Made from `src/run-end.ts`. A run has its mark in the state directory, which an orderly end takes away. A start that',
    'finds one says once which of these it was: in the log, among the past errors of `dps-agent status`, and as `lastError`',
    'in the twin until there is another one.',
    '',
    '| code | what has happened | what to do |',
    '| --- | --- | --- |',
    ...endRows,
    '',
  ].join('\n');
}

if (process.argv[1] === import.meta.filename) await writeFile(errorsDocumentPath, errorsDocument());
