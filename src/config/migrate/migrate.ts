import { ConfigProblems, fileProblem } from '../problems.ts';
import { readYaml } from '../yaml.ts';
import type { YamlDocument } from '../yaml.ts';
import { currentVersion, migrations as ours } from './migrations.ts';
import type { Change, Migration } from './migrations.ts';

export interface Migrated {
  readonly text: string;
  /** What was changed, in words; none when there was nothing to do. */
  readonly notes: readonly string[];
}

/**
 * Brings the text of a file to the newest version that `migrations` lead to. Comments stay. Throws ConfigProblems when it
 * is no YAML, of a version that is not known, or written so that it cannot be changed line by line.
 */
export function migrate(
  text: string,
  file: string,
  migrations: readonly Migration[] = ours,
  newest = currentVersion,
): Migrated {
  const mark = text.startsWith('\uFEFF') ? '\uFEFF' : '';
  let body = text.slice(mark.length);
  const notes: string[] = [];
  for (let version = versionOf(readYaml(body, file), file, newest); version < newest; version += 1) {
    const document = readYaml(body, file);
    const migration = migrations.find(({ from }) => from === version);
    const changes = migration?.changes(document) ?? [];
    notes.push(...changes.map(inWords), `version: ${version + 1}`);
    body = withVersion(changes.reduce(changed, body), document, version + 1);
    if (versionIn(body, file) !== version + 1) throw cannotChange(file, version + 1);
  }
  return { text: mark + body, notes };
}

function versionOf({ content, positions }: YamlDocument, file: string, newest: number): number {
  const version = content['version'] ?? 0;
  if (Number.isInteger(version) && Number(version) >= 0 && Number(version) <= newest) return Number(version);
  const message = `expected a version of the configuration up to ${newest}: a newer one is for a newer dps-agent`;
  throw new ConfigProblems(file, [{ file, ...positions.of(['version']), path: 'version', message }]);
}

/** What the changed text says, if it is still good: an anchor may have stood where now a comment is. */
function versionIn(text: string, file: string): unknown {
  try {
    return readYaml(text, file).content['version'];
  } catch (error) {
    if (error instanceof ConfigProblems) return undefined;
    throw error;
  }
}

function cannotChange(file: string, version: number): ConfigProblems {
  const message = `cannot be brought to version ${version} line by line: write each section on lines of its own, or version: ${version} yourself`;
  return new ConfigProblems(file, [fileProblem(file, message)]);
}

/** Changes leave the number of lines as it is, so that each finds its own. */
function changed(text: string, change: Change): string {
  const lines = linesOf(text);
  switch (change.kind) {
    case 'rename':
      return lines.map((line, index) => (index + 1 === change.line ? renamed(line, change) : line)).join('');
    case 'comment-out': {
      const last = lines.findLastIndex((line, index) => index + 1 < change.until && /^\s*[^\s#]/.test(line));
      const isMeant = (index: number): boolean => index + 1 >= change.line && index <= last;
      return lines.map((line, index) => (isMeant(index) ? `# ${line}` : line)).join('');
    }
  }
}

function renamed(line: string, { column, key, to }: Extract<Change, { kind: 'rename' }>): string {
  const [before, rest] = [line.slice(0, column - 1), line.slice(column - 1)];
  return before + rest.replace(key, () => to);
}

/** In the line that says it, or in one of its own before the first key and the comment that belongs to that. */
function withVersion(text: string, { content, positions }: YamlDocument, version: number): string {
  const lines = linesOf(text);
  if ('version' in content) {
    const { line } = positions.ofKey(['version']);
    const said = lines[line - 1] ?? '';
    return lines
      .with(line - 1, said.replace(/^(\s*['"]?version['"]?\s*:\s*)[^\s#]+/, `$1${version}`))
      .join('');
  }
  const keys = Object.keys(content).map((key) => positions.ofKey([key]).line);
  const first = Math.min(...keys) - 1;
  let at = first;
  while (at > 0 && (lines[at - 1] ?? '').startsWith('#')) at -= 1;
  const end = /\r?\n$/.exec(lines[first] ?? '')?.[0] ?? '\n';
  // A comment that begins the file is about all of it.
  return lines.toSpliced(at === 0 ? first : at, 0, `version: ${version}${end}`).join('');
}

function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

function inWords(change: Change): string {
  if (change.kind === 'rename') return `${change.key} is now called ${change.to}`;
  return `${change.key} belongs to IoT Edge: made a comment`;
}
