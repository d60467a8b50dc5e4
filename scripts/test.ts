// Runs the tests of the given kinds (unit, integration, e2e) with node:test, files in parallel; then looks for every
// secret the tests have used in everything the programs under test have logged.
// Further arguments go to the runner: `tsx scripts/test.ts unit --test-name-pattern=backoff`.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
/** Kinds whose tests run no agent: there is no log to look through. */
const withoutAgent: readonly string[] = ['unit', 'disk', 'cli', 'promtool'];
const kinds = process.argv.slice(2).filter((argument) => !argument.startsWith('-'));
const flags = process.argv.slice(2).filter((argument) => argument.startsWith('-'));
// Most of these tests wait for an outage to pass or a process to end: more of them than there are cores fit together.
const defaults = [`--test-concurrency=${Math.max(4, availableParallelism())}`, '--test-reporter=spec'];
const files = kinds.flatMap(testFiles);
if (files.length === 0) throw new Error(`cannot test: no files for ${kinds.join(', ')}`);

const logs = mkdtempSync(join(tmpdir(), 'dps-agent-test-logs-'));
try {
  const passed = await runTests();
  const clean = noSecretLogged();
  process.exitCode = passed && clean ? 0 : 1;
} finally {
  rmSync(logs, { recursive: true, force: true });
}

async function runTests(): Promise<boolean> {
  const runner = spawn(process.execPath, ['--import', 'tsx', '--test', ...defaults, ...flags, ...files], {
    cwd: root,
    stdio: 'inherit',
    env: { ...withoutProxy(process.env), TEST_LOGS_FOLDER: logs },
  });
  const [code] = (await once(runner, 'exit')) as [number | null];
  return code === 0;
}

/** A proxy of this machine is not for connections to a simulator on it. */
function withoutProxy(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(https?|no)_proxy$/i.test(name)));
}

function noSecretLogged(): boolean {
  const names = readdirSync(logs);
  const secrets = names.includes('secrets') ? readSecrets() : [];
  const lines = names.filter((name) => name.endsWith('.log')).flatMap((name) => linesOf(join(logs, name)));
  if (kinds.every((kind) => withoutAgent.includes(kind))) return true;
  if (lines.length === 0 || secrets.length === 0) {
    console.error('cannot check the logs for secrets: nothing was logged, or no secret was used');
    return false;
  }
  const found = lines.filter((line) => tellsSecret(line, secrets));
  for (const line of found) console.error(`a secret was logged: ${line.slice(0, 200)}`);
  return found.length === 0;
}

/** The secrets themselves, as written or percent-encoded, and whatever looks like a token, a connection string or a key. */
function tellsSecret(line: string, secrets: readonly string[]): boolean {
  if (/SharedAccessSignature |SharedAccessKey=|[?&]sig=|PRIVATE KEY/.test(line)) return true;
  return secrets.some((secret) => line.includes(secret) || line.includes(encodeURIComponent(secret)));
}

function readSecrets(): string[] {
  return [...new Set(linesOf(join(logs, 'secrets')))].map((line) => JSON.parse(line) as string);
}

function linesOf(path: string): string[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
}

function testFiles(kind: string): string[] {
  return readdirSync(join(root, 'test', kind), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join('test', kind, name))
    .sort();
}
