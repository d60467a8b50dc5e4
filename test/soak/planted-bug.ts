import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Plugin } from 'esbuild';
import { bundle } from '../../scripts/bundle.ts';

/** A mistake that somebody could make in the agent. */
export interface PlantedBug {
  readonly name: string;
  /** The invariant that must say so, by its ID. */
  readonly breaks: string;
  /** A source file of the agent, below `src`. */
  readonly file: string;
  /** Text that is there once, and what stands there instead. */
  readonly place: string;
  readonly instead: string;
}

const root = join(import.meta.dirname, '..', '..');

/** Builds the agent as it is shipped, but for these. Rejects when a bug's place is no longer in the source. */
export async function buildWith(bugs: readonly PlantedBug[], outfile: string): Promise<void> {
  const planted = new Set<PlantedBug>();
  await bundle(join(root, 'src', 'main.ts'), outfile, { plugins: [planting(bugs, planted)] });
  const left = bugs.filter((bug) => !planted.has(bug));
  if (left.length > 0) {
    const files = left.map(({ name, file }) => `"${name}" in src/${file}`).join(', ');
    throw new Error(`cannot plant ${files}: the agent is not made of that file`);
  }
}

function planting(bugs: readonly PlantedBug[], planted: Set<PlantedBug>): Plugin {
  return {
    name: 'planting',
    setup(build) {
      build.onLoad({ filter: /\/src\/.*\.ts$/ }, async ({ path }) => {
        const file = relative(join(root, 'src'), path);
        const here = bugs.filter((bug) => bug.file === file);
        if (here.length === 0) return undefined;
        let contents = await readFile(path, 'utf8');
        for (const bug of here) {
          contents = withBug(contents, bug);
          planted.add(bug);
        }
        return { contents, loader: 'ts' };
      });
    },
  };
}

function withBug(source: string, { name, file, place, instead }: PlantedBug): string {
  const [before, after, ...more] = source.split(place);
  if (before === undefined || after === undefined || more.length > 0)
    throw new Error(`cannot plant "${name}": src/${file} has not exactly one "${place}"`);
  return before + instead + after;
}
