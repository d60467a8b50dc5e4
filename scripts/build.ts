// Bundles each program into one file (bundle.ts). Beside them the manual page and the completions, for a package to
// install.
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { completions } from '../src/cli/completion/shells.ts';
import { manPage } from '../src/cli/man-page.ts';
import { verbs } from '../src/cli/verbs.ts';
import { installedChartLibrary } from '../src/soak/report/chart-library.ts';
import manifest from '../package.json' with { type: 'json' };
import { bundle } from './bundle.ts';

const root = join(import.meta.dirname, '..');
/** Of the soak's reports, which carry it with them. */
const CHART_LIBRARY = JSON.stringify(await installedChartLibrary(root));
const programs: readonly { name: string; entry: string; define?: Record<string, string> }[] = [
  { name: 'dps-agent', entry: 'src/main.ts', define: { BUILT_ON: JSON.stringify(buildDate()) } },
  { name: 'dps-agent-simulator', entry: 'src/simulator/main.ts' },
  { name: 'dps-agent-soak', entry: 'src/soak/main.ts', define: { CHART_LIBRARY } },
];

await rm(join(root, 'dist'), { recursive: true, force: true });
for (const { name, entry, define } of programs) {
  const outfile = join(root, 'dist', `${name}.cjs`);
  await bundle(join(root, entry), outfile, { define });
  await refuseWideText(outfile);
  await chmod(outfile, 0o755);
}

await mkdir(join(root, 'dist', 'man'));
await mkdir(join(root, 'dist', 'completions'));
await writeFile(join(root, 'dist', 'man', 'dps-agent.1'), manPage(verbs, manifest.version, buildDate()));
for (const { fileName, script } of Object.values(completions))
  await writeFile(join(root, 'dist', 'completions', fileName), script(verbs));

/** Whoever wants the same files from the same sources says when they are from (reproducible-builds.org). */
function buildDate(): string {
  const seconds = process.env['SOURCE_DATE_EPOCH'];
  const date = seconds === undefined ? new Date() : new Date(Number(seconds) * 1000);
  return date.toISOString().slice(0, 10);
}

/** One character beyond ASCII, and V8 keeps the whole text with two bytes for each: 2 MB more of every process. */
async function refuseWideText(path: string): Promise<void> {
  const lines = (await readFile(path, 'utf8')).split('\n');
  const wide = lines.find((line) => /[^\t -~]/.test(line));
  if (wide !== undefined) throw new Error(`cannot use ${path}: it is not ASCII at ${wide.slice(0, 200)}`);
}
