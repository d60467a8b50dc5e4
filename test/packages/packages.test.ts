import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import manifest from '../../package.json' with { type: 'json' };

const project = join(import.meta.dirname, '..', '..');
const dist = process.env['TEST_DIST'] ?? join(project, 'dist');
const folder = mkdtempSync(join(tmpdir(), 'dps-agent-packages-'));
after(() => {
  rmSync(folder, { recursive: true, force: true });
});

function packaged(name: string, ...options: string[]): string {
  const script = join(project, 'scripts', 'package-deb.ts');
  const args = ['--import', 'tsx', script, '--dist', dist, '--out', join(folder, name), ...options];
  const env = { ...process.env, SOURCE_DATE_EPOCH: '1760000000' };
  return execFileSync(process.execPath, args, { cwd: project, env, encoding: 'utf8' }).trim();
}

const sum = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

describe('the Debian package', () => {
  it('has no error that lintian knows', () => {
    const { status, stdout } = spawnSync(
      'lintian',
      ['--allow-root', '--fail-on', 'error', packaged('once')],
      {
        encoding: 'utf8',
      },
    );
    assert.equal(status, 0, stdout);
  });

  it('is the same, made again', () => {
    const [one, two] = ['one', 'two'].map((name) => packaged(name, '--compression', 'none'));
    assert.equal(sum(String(one)), sum(String(two)));
  });

  it('says what is missing, and for which machines there is none', () => {
    const failing = (...options: string[]): string => {
      const script = join(project, 'scripts', 'package-deb.ts');
      return spawnSync(process.execPath, ['--import', 'tsx', script, ...options], { encoding: 'utf8' })
        .stderr;
    };
    assert.match(failing('--arch', 'armhf'), /cannot package for armhf: only for amd64 and arm64/);
    assert.match(
      failing('--dist', folder),
      /cannot package without .*dps-agent\.cjs: npm run build makes it/,
    );
  });
});

describe('the npm package', () => {
  it('installs globally, with both programs', () => {
    const made = execFileSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], {
      cwd: project,
      encoding: 'utf8',
    });
    const prefix = join(folder, 'prefix');
    const options = [
      '--global',
      '--prefix',
      prefix,
      '--ignore-scripts',
      '--prefer-offline',
      '--no-audit',
      '--no-fund',
    ];
    execFileSync('npm', ['install', ...options, join(folder, made.trim())], { stdio: 'pipe' });
    for (const program of ['dps-agent', 'dps-agent-simulator']) {
      const { stdout } = spawnSync(join(prefix, 'bin', program), ['--version'], { encoding: 'utf8' });
      assert.equal(stdout.trim(), manifest.version, program);
    }
  });
});
