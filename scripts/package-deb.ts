// Makes the Debian package of what `npm run build` has made, with a Node of its own:
//   npm run package:deb -- [--arch amd64|arm64] [--version 0.1.0] [--dist DIRECTORY] [--out DIRECTORY]
// The same input and the same SOURCE_DATE_EPOCH (else: of the last commit) make the same bytes. Prints the path.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, existsSync, lutimesSync, mkdirSync, mkdtempSync } from 'node:fs';
import { readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import manifest from '../package.json' with { type: 'json' };
import { packagedNode } from './packaged-node.ts';

const root = join(import.meta.dirname, '..');
const { values } = parseArgs({
  options: {
    arch: { type: 'string', default: 'amd64' },
    version: { type: 'string', default: manifest.version },
    dist: { type: 'string', default: join(root, 'dist') },
    out: { type: 'string', default: join(root, 'dist') },
    // none: for tests, which unpack it at once.
    compression: { type: 'string', default: 'xz' },
  },
});
const { arch, version, dist, out, compression } = values;
const epochSeconds = Number(process.env['SOURCE_DATE_EPOCH'] ?? lastCommit());

const tree = mkdtempSync(join(tmpdir(), 'dps-agent-deb-'));
try {
  chmodSync(tree, 0o755);
  fill();
  describe();
  settle();
  console.log(pack());
} finally {
  rmSync(tree, { recursive: true, force: true });
}

function fill(): void {
  const node = packagedNode(arch);
  install(node.program, 'usr/lib/dps-agent/node', 0o755);
  // By no other Node than the package's own.
  write(
    'usr/lib/dps-agent/dps-agent.cjs',
    read(built('dps-agent.cjs')).replace(/^#!.*/, '// For /usr/bin/dps-agent.'),
  );
  install(source('systemd/notify-fd'), 'usr/lib/dps-agent/notify-fd', 0o755);
  install(source('packaging/debian/dps-agent.sh'), 'usr/bin/dps-agent', 0o755);
  install(source('systemd/dps-agent.service'), 'usr/lib/systemd/system/dps-agent.service');
  install(source('systemd/dps-agent.sysusers'), 'usr/lib/sysusers.d/dps-agent.conf');
  install(built('completions/dps-agent.bash'), 'usr/share/bash-completion/completions/dps-agent');
  install(built('completions/_dps-agent'), 'usr/share/zsh/vendor-completions/_dps-agent');
  install(built('completions/dps-agent.fish'), 'usr/share/fish/vendor_completions.d/dps-agent.fish');
  compress(built('man/dps-agent.1'), 'usr/share/man/man1/dps-agent.1.gz');
  const documents = 'usr/share/doc/dps-agent';
  install(source('config/config.example.yaml'), `${documents}/examples/config.example.yaml`);
  for (const name of readdirSync(source('systemd/drop-ins')))
    install(source(`systemd/drop-ins/${name}`), `${documents}/examples/dps-agent.service.d/${name}`);
  install(source('packaging/debian/copyright'), `${documents}/copyright`);
  install(source('packaging/debian/lintian-overrides'), 'usr/share/lintian/overrides/dps-agent');
  compress(node.license, `${documents}/NODE-LICENSE.gz`);
  write(`${documents}/changelog.gz`, gzipSync(changelog(), { level: 9 }));
}

function describe(): void {
  const kilobytes = Math.ceil(files().reduce((sum, name) => sum + statSync(join(tree, name)).size, 0) / 1024);
  const sums = files().map((name) => `${md5(readFileSync(join(tree, name)))}  ${name}\n`);
  const control = read(source('packaging/debian/control'))
    .replace('@VERSION@', version)
    .replace('@ARCHITECTURE@', arch)
    .replace('@INSTALLED_SIZE@', String(kilobytes));
  write('DEBIAN/control', control);
  write('DEBIAN/md5sums', sums.join(''));
  for (const script of ['postinst', 'prerm', 'postrm'])
    install(source(`packaging/debian/${script}`), `DEBIAN/${script}`, 0o755);
}

/** One time for all, and no mode from whoever builds this. */
function settle(): void {
  for (const name of readdirSync(tree, { recursive: true, encoding: 'utf8' })) {
    const path = join(tree, name);
    if (statSync(path).isDirectory()) chmodSync(path, 0o755);
    lutimesSync(path, epochSeconds, epochSeconds);
  }
  lutimesSync(tree, epochSeconds, epochSeconds);
}

function pack(): string {
  mkdirSync(out, { recursive: true });
  const path = join(out, `dps-agent_${version}_${arch}.deb`);
  const env = { ...process.env, SOURCE_DATE_EPOCH: String(epochSeconds) };
  const packed = compression === 'none' ? ['-Znone'] : [`-Z${compression}`, '-z1'];
  execFileSync('dpkg-deb', ['--build', '--root-owner-group', ...packed, tree, path], { env, stdio: 'pipe' });
  return path;
}

function changelog(): string {
  const date = new Date(epochSeconds * 1000).toUTCString().replace('GMT', '+0000');
  return `dps-agent (${version}) stable; urgency=medium

  * See CHANGELOG.md of the project.

 -- The dps-agent authors <maintainers@users.noreply.b-seed-4e380865.example>  ${date}
`;
}

function files(): string[] {
  const names = readdirSync(tree, { recursive: true, encoding: 'utf8' }).sort();
  return names.filter((name) => !name.startsWith('DEBIAN') && statSync(join(tree, name)).isFile());
}

function built(name: string): string {
  const path = join(dist, name);
  if (!existsSync(path)) throw new Error(`cannot package without ${path}: npm run build makes it`);
  return path;
}

function read(path: string): string {
  return readFileSync(path, 'utf8');
}

function source(name: string): string {
  return join(root, name);
}

function install(from: string, to: string, mode = 0o644): void {
  const path = join(tree, to);
  mkdirSync(dirname(path), { recursive: true });
  cpSync(from, path);
  chmodSync(path, mode);
}

function compress(from: string, to: string): void {
  write(to, gzipSync(readFileSync(from), { level: 9 }));
}

function write(to: string, content: string | Buffer): void {
  const path = join(tree, to);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  chmodSync(path, 0o644);
}

function md5(content: Buffer): string {
  return createHash('md5').update(content).digest('hex');
}

function lastCommit(): string {
  return execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: root, encoding: 'utf8' }).trim();
}
