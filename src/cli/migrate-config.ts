import { stat } from 'node:fs/promises';
import { dropInsOf } from '../config/layers/drop-ins.ts';
import { saysNothing } from '../config/layers/file-layer.ts';
import { readConfigText } from '../config/load.ts';
import { migrate } from '../config/migrate/migrate.ts';
import { writeFileAtomically } from '../lib/atomic-file.ts';
import { SystemClock } from '../lib/clock.ts';

export interface MigratedFile {
  readonly file: string;
  /** What was changed, in words. */
  readonly notes: readonly string[];
  /** The copy of what it was; absent where nothing was changed. */
  readonly backup?: string;
}

/** Migrates config.yaml and its drop-ins. Nothing is written unless all of them can be. Throws ConfigProblems. */
export async function migrateConfig(
  path: string,
  { isDryRun }: { readonly isDryRun: boolean },
  now = new SystemClock().now(),
): Promise<readonly MigratedFile[]> {
  const files = await Promise.all([path, ...(await dropInsOf(path))].map(readMigrated));
  const suffix = `.bak-${now.toISOString().replaceAll(/[-:]|\.\d+/g, '')}`;
  const done: MigratedFile[] = [];
  for (const each of files) {
    const { file, notes } = each;
    if (notes.length === 0 || isDryRun) done.push({ file, notes });
    else done.push({ file, notes, backup: await replace(each, file + suffix) });
  }
  return done;
}

/** What is told of it. */
export function migrationText(files: readonly MigratedFile[], isDryRun: boolean): string {
  const lines = files.flatMap(({ file, notes, backup }) => {
    if (notes.length === 0) return [`${file}: nothing to do`];
    const kept = backup === undefined ? '' : `; what it was is in ${backup}`;
    return [
      `${file}: ${isDryRun ? 'would be changed' : 'changed'}${kept}`,
      ...notes.map((note) => `  ${note}`),
    ];
  });
  return `${lines.join('\n')}\n`;
}

interface Plan {
  readonly file: string;
  readonly before: string;
  readonly after: string;
  readonly notes: readonly string[];
}

async function readMigrated(file: string): Promise<Plan> {
  const before = await readConfigText(file);
  // A drop-in in which everything is commented out has no form to be brought to another.
  const { text: after, notes } = saysNothing(before) ? { text: before, notes: [] } : migrate(before, file);
  return { file, before, after, notes };
}

async function replace({ file, before, after }: Plan, backup: string): Promise<string> {
  const { mode, uid: userId, gid: groupId } = await stat(file);
  const owner = { userId, groupId };
  await writeFileAtomically(backup, before, mode & 0o777, { owner });
  await writeFileAtomically(file, after, mode & 0o777, { owner });
  return backup;
}
