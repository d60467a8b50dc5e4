import { build } from 'esbuild';
import type { Plugin } from 'esbuild';

interface Peculiarities {
  /** What stands for names in this program alone. */
  readonly define?: Readonly<Record<string, string>> | undefined;
  /** What a test wants to be other than it is. */
  readonly plugins?: readonly Plugin[];
}

/** One program in one file, as it is shipped: CommonJS and not minified, docs/measurements.md says why. */
export async function bundle(
  entryPoint: string,
  outfile: string,
  { define = {}, plugins = [] }: Peculiarities,
): Promise<void> {
  await build({
    entryPoints: [entryPoint],
    outfile,
    plugins: [...plugins],
    bundle: true,
    platform: 'node',
    target: 'node20.19',
    format: 'cjs',
    banner: { js: '#!/usr/bin/env node' },
    define,
    external: ['@azure/storage-blob'],
    // What Node has as `stream`, as a package, and in three versions.
    alias: { 'readable-stream': 'stream' },
    // Names stay, and lines short: a stack trace is for people.
    minifyWhitespace: true,
    lineLimit: 200,
    logLevel: 'warning',
  });
}
