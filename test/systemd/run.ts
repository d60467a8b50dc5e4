// The package on a machine with a real systemd: npm run test:systemd [-- --suite trixie] [-- --dist DIRECTORY]
// Installs it, sees it start, report itself, survive what can happen to it, be upgraded and be gone. Writes what was typed
// and what came of it to docs/systemd-transcript.md (with --transcript, elsewhere). Needs root, systemd-container, iproute2
// and mmdebstrap.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { prepare, seeItInstalled } from './arriving.ts';
import { givenCredentials, seeItEnabled, seeTheMachinesCredential } from './credentials.ts';
import { seeTheDropIns } from './drop-ins.ts';
import { seeItSurvive, seeItsMemoryBounded } from './failing.ts';
import { startSimulator } from './gateway.ts';
import { seeItGone, seeItUpgraded } from './leaving.ts';
import { Machine } from './machine.ts';
import { Operator } from './operator.ts';
import { seeWhatItDoes } from './reading.ts';
import { seeItReloaded } from './reloading.ts';

const project = join(import.meta.dirname, '..', '..');
const { values } = parseArgs({
  options: {
    suite: { type: 'string', default: 'bookworm' },
    dist: { type: 'string', default: join(project, 'dist') },
    transcript: { type: 'string', default: join(project, 'docs', 'systemd-transcript.md') },
  },
});
const folder = mkdtempSync(join(tmpdir(), 'dps-agent-packages-'));
const machine = new Machine(values.suite);
const operator = new Operator(machine);
try {
  const [first = '', next = ''] = ['0.1.0', '0.1.1'].map(packaged);
  await machine.boot({ credentials: givenCredentials });
  await seeAll(first, next);
  writeFileSync(values.transcript, operator.transcript);
  execFileSync('npx', ['--no-install', 'prettier', '--write', values.transcript], {
    cwd: project,
    stdio: 'ignore',
  });
  console.log(`all seen; ${values.transcript} has what was typed`);
} catch (error) {
  console.error(machine.run('journalctl -u dps-agent -u simulator -n 60 --no-pager -o cat').output);
  throw error;
} finally {
  await machine.discard();
  rmSync(folder, { recursive: true, force: true });
}

async function seeAll(first: string, next: string): Promise<void> {
  operator.say(
    "# The package on a machine of systemd's\n\nMade by `npm run test:systemd`: typed as root on a Debian that was thrown away afterwards. Cut to what matters.",
  );
  await seeItInstalled(operator, first, values.dist);
  prepare(operator, readFileSync(join(import.meta.dirname, 'faults.ts')));
  await seeItEnabled(operator);
  await seeWhatItDoes(operator);
  await seeItSurvive(operator);
  await seeItReloaded(operator);
  await seeTheMachinesCredential(operator);
  await seeTheDropIns(operator);

  operator.title('The machine is started anew: so is the agent, which is enabled');
  await machine.shutDown();
  await machine.boot({ hasLegacyCgroups: true });
  startSimulator(machine, values.dist);
  await operator.connected();
  operator.types('systemctl show dps-agent -p UnitFileState,ActiveState,StatusText');
  // It was started before the machine had controllers.
  operator.runs('systemctl restart dps-agent');
  await operator.connected();
  await seeItsMemoryBounded(operator);

  await seeItUpgraded(operator, next);
  seeItGone(operator);
}

function packaged(version: string): string {
  const args = ['--version', version, '--dist', values.dist, '--out', folder, '--compression', 'none'];
  const script = join(project, 'scripts', 'package-deb.ts');
  const made = execFileSync('npx', ['--no-install', 'tsx', script, ...args], {
    cwd: project,
    encoding: 'utf8',
  });
  const name = basename(made.trim());
  cpSync(made.trim(), join(machine.root, 'root', name));
  return `/root/${name}`;
}
