// Runs the tests of the given kinds (unit, integration, e2e) with node:test, files in parallel.
// Further arguments go to the runner: `tsx scripts/test.ts unit --test-name-pattern=backoff`.
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const kinds = process.argv.slice(2).filter((argument) => !argument.startsWith('-'));
const flags = process.argv.slice(2).filter((argument) => argument.startsWith('-'));
const files = kinds.flatMap(testFiles);
if (files.length === 0) throw new Error(`cannot test: no files for ${kinds.join(', ')}`);

const runner = spawn(process.execPath, ['--import', 'tsx', '--test', ...flags, ...files], {
  cwd: root,
  stdio: 'inherit',
});
runner.on('exit', (code, signal) => {
  process.exitCode = signal === null ? (code ?? 1) : 1;
});

function testFiles(kind: string): string[] {
  return readdirSync(join(root, 'test', kind), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join('test', kind, name))
    .sort();
}
