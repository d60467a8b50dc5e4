// Bundles each program into one file. CommonJS and not minified: docs/measurements.md says why.
import { chmod, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import manifest from '../package.json' with { type: 'json' };

const root = join(import.meta.dirname, '..');
const programs = [
  { name: 'dps-agent', entry: 'src/main.ts' },
  { name: 'dps-agent-simulator', entry: 'src/simulator/main.ts' },
];

await rm(join(root, 'dist'), { recursive: true, force: true });
for (const { name, entry } of programs) {
  const outfile = join(root, 'dist', `${name}.cjs`);
  await build({
    entryPoints: [join(root, entry)],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20.19',
    format: 'cjs',
    banner: { js: '#!/usr/bin/env node' },
    define: { 'process.env.DPS_AGENT_VERSION': JSON.stringify(manifest.version) },
    external: ['@azure/storage-blob'],
    logLevel: 'warning',
  });
  await chmod(outfile, 0o755);
}
