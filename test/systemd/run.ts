// The package on a machine with a real systemd: npm run test:systemd [-- --suite trixie] [-- --dist DIRECTORY]
// Installs it, sees it start, report itself, survive what can happen to it, be upgraded and be gone. Writes what was typed
// and what came of it to docs/systemd-transcript.md (with --transcript, elsewhere). Needs root, systemd-container and
// mmdebstrap.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { Machine } from './machine.ts';
import type { Outcome } from './machine.ts';

const project = join(import.meta.dirname, '..', '..');
const { values } = parseArgs({
  options: {
    suite: { type: 'string', default: 'bookworm' },
    dist: { type: 'string', default: join(project, 'dist') },
    transcript: { type: 'string', default: join(project, 'docs', 'systemd-transcript.md') },
  },
});
const device = 'gateway-1';
const key = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=';
const control = 'http://127.0.0.1:8080';
const lines: string[] = [];
const folder = mkdtempSync(join(tmpdir(), 'dps-agent-packages-'));
const machine = new Machine(values.suite);
try {
  const [first, next] = ['0.1.0', '0.1.1'].map(packaged);
  await machine.boot();
  await proveAll(String(first), String(next));
  writeFileSync(values.transcript, `${lines.join('\n')}\n`);
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

async function proveAll(first: string, next: string): Promise<void> {
  say(`# The package on a machine of systemd's\n`);
  say(
    'Made by `npm run test:systemd`: typed as root on a Debian that was thrown away afterwards. Cut to what matters.',
  );

  title('Installed: a user, a unit, and nothing started');
  typed(`apt-get install -y ${first} 2>&1 | tail -3`);
  assert.match(
    typed('systemctl is-enabled dps-agent; systemctl is-active dps-agent', 'fails').output,
    /disabled\s+inactive/,
  );
  typed('getent passwd dps-agent; stat -c "%A %U:%G %n" /etc/dps-agent');
  typed(
    'systemctl --version | head -1; systemd-analyze verify --man=no dps-agent.service && echo nothing to say',
  );
  const security = typed('systemd-analyze security --no-pager dps-agent.service | grep -v "✓"').output;
  const exposure = Number(/level for dps-agent\.service: ([\d.]+)/.exec(security)?.[1]);
  assert.ok(exposure <= 1.5, `an exposure of ${exposure}`);
  for (const name of ['serial', 'gpio-i2c-spi', 'sysfs-write', 'exec', 'docker', 'credentials', 'egress'])
    verified(name);

  title('Without a configuration: stopped with 78, and not started again');
  typed('systemctl start dps-agent', 'fails');
  await stopped();

  title("A newcomer's way, as the README has it: init, check, enable, status");
  startSimulator();
  machine.run('systemctl reset-failed dps-agent');
  // Nobody sets this machine's clock: it would be waited for.
  machine.write('etc/dps-agent/config.d/10-clock.yaml', 'clock: { wait_for_sync: 0s }\n', 0o644);
  machine.write('root/device-key', `${key}\n`, 0o600);
  typed(
    `dps-agent init --endpoint localhost:8883 --scope-id 0ne00ABC123 --registration-id ${device} --symmetric-key file:///root/device-key --ca-file /etc/dps-agent/ca.pem --input system --try`,
  );
  typed('dps-agent check');
  typed('systemctl enable --now dps-agent 2>&1');
  await connected();
  typed('dps-agent status');
  typed('systemctl disable --now dps-agent 2>&1');
  machine.run('rm -r /etc/dps-agent/config.d');

  title(
    'Enabled and started: notified, its state in words; its key by LoadCredential=, which only root may read',
  );
  machine.write('etc/dps-agent/config.yaml', configuration('2s'), 0o644);
  machine.write(
    'etc/systemd/system/dps-agent.service.d/key.conf',
    '[Service]\nLoadCredential=device-key:/root/device-key\n',
  );
  // As a person would wait: not a minute.
  machine.write(
    'etc/systemd/system/dps-agent.service.d/test.conf',
    '[Service]\nWatchdogSec=6\nTimeoutAbortSec=2\n',
  );
  typed('systemctl daemon-reload; systemctl enable --now dps-agent 2>&1');
  await connected();
  typed('systemctl show dps-agent -p Type,ActiveState,SubState,StatusText,NRestarts,Result');
  typed('systemctl status dps-agent --no-pager -n 0 | grep -v CGroup');

  title('Telemetry arrives');
  await arriving();
  typed(`curl -s ${control}/simulator/messages | tail -1 | cut -c 1-150`);

  title('Inside: what the agent itself may do, by its socket');
  const inside = typed('dps-agent check --inside 2>&1 | tail -25', 'may fail');
  assert.ok(inside.code <= 1 && /configuration|ok/i.test(inside.output), inside.output);
  typed('dps-agent status | head -5');

  title('A process that hangs: the watchdog ends it, and it is started again');
  await restarted('kill -STOP $(systemctl show -P MainPID dps-agent)');
  typed('journalctl -u dps-agent -o cat --no-pager | grep -i "watchdog" | tail -2');

  title('SIGKILL: started again');
  await restarted('systemctl kill -s KILL dps-agent');

  title('By the cloud: the direct method "restart" ends it with 75, and it is started again');
  const call = `curl -s -X POST ${control}/twins/${device}/methods -H 'content-type: application/json' -d '{"methodName":"restart"}'`;
  await restarted(call);
  typed('journalctl -u dps-agent -o cat --no-pager | grep "status=75" | tail -1');

  title('Reload: what can be is in force at once, and the process stays the same');
  const pid = machine.run('systemctl show -P MainPID dps-agent').output;
  machine.write('etc/dps-agent/config.yaml', `${configuration('1s')}local_api: { tcp_port: 9000 }\n`);
  typed('systemctl reload dps-agent');
  await logged('needs a start');
  typed(
    'journalctl -u dps-agent -o cat --no-pager | grep -E "read again|needs a start" | grep -o \'"msg":.*\' | tail -2',
  );
  assert.equal(machine.run('systemctl show -P MainPID dps-agent').output, pid);

  title('Reload of a configuration that is not valid: refused, and nothing changes');
  machine.write('etc/dps-agent/config.yaml', configuration('soon'));
  typed('systemctl reload dps-agent 2>&1; systemctl is-active dps-agent', 'may fail');
  typed('journalctl -u dps-agent -o cat --no-pager | grep "telemetry.inputs" | tail -1');
  assert.equal(machine.run('systemctl show -P MainPID dps-agent').output, pid);

  title('Started with it: stopped with 78, and not started again');
  typed('systemctl restart dps-agent', 'may fail');
  await stopped();
  machine.write('etc/dps-agent/config.yaml', configuration('2s'));
  typed('systemctl reset-failed dps-agent; systemctl start dps-agent');
  await connected();

  title('Upgraded: started anew, with the state it had');
  const before = stateFiles();
  typed(`dpkg -i ${next} 2>&1 | tail -3`);
  await connected();
  assert.match(typed('dpkg-query -W dps-agent; systemctl is-enabled dps-agent').output, /0\.1\.1\s+enabled/);
  assert.deepEqual(stateFiles(), before);
  await arriving();

  title('Stopped in order');
  typed('systemctl stop dps-agent; systemctl show dps-agent -p ActiveState,Result,ExecMainStatus');
  assert.match(machine.run('systemctl show dps-agent -p Result').output, /success/);
  assert.notEqual(typed('find /var/cache/dps-agent -type f | wc -l').output, '0');

  title('Removed, then purged: nothing is left');
  machine.run('systemctl stop simulator');
  typed('dpkg -r dps-agent 2>&1 | tail -1; ls -d /etc/dps-agent /var/lib/dps-agent');
  typed('dpkg -P dps-agent 2>&1 | tail -1');
  const left = typed(
    'find / -xdev -name "*dps-agent*" -not -path "/proc/*" -not -path "/root/*"; getent passwd dps-agent',
    'may fail',
  );
  assert.equal(left.output, '');
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

function configuration(interval: string): string {
  return `# yaml
provisioning:
  source: dps
  global_endpoint: localhost:8883
  scope_id: 0ne00ABC123
  attestation: { method: symmetric_key, registration_id: ${device}, symmetric_key: credential:device-key }
trust_bundle_cert: file:///etc/dps-agent/ca.pem
clock: { wait_for_sync: 0s }
telemetry:
  inputs:
    - { name: system, type: system, interval: ${interval} }
`;
}

function startSimulator(): void {
  machine.write('etc/hosts', '127.0.0.1 localhost\n');
  const enrollment = {
    attestation: { type: 'symmetricKey', symmetricKey: { primaryKey: key, secondaryKey: key } },
  };
  machine.write(
    'opt/simulator.yaml',
    JSON.stringify({ scopeId: '0ne00ABC123', enrollments: { [device]: enrollment } }),
  );
  machine.write('opt/simulator.cjs', readFileSync(join(values.dist, 'dps-agent-simulator.cjs')));
  const options =
    '--data /var/lib/simulator --port 8883 --hubs 1 --control-port 8080 --config /opt/simulator.yaml';
  const line = `systemd-run -q --unit=simulator /usr/lib/dps-agent/node /opt/simulator.cjs ${options}`;
  assert.equal(machine.run(line).code, 0);
  const ready = `for i in $(seq 100); do curl -sf ${control}/simulator/hubs && break; sleep 0.2; done`;
  machine.run(ready);
  assert.equal(machine.run('install -m 644 /var/lib/simulator/ca.pem /etc/dps-agent/ca.pem').code, 0);
}

function stateFiles(): string[] {
  return machine.run('cd /var/lib/dps-agent; cat assignment*.json').output.split('\n');
}

async function connected(): Promise<void> {
  await machine.until('the agent is connected', 30_000, () =>
    machine.run('systemctl show -P StatusText dps-agent').output.startsWith('connected to'),
  );
}

async function logged(words: string): Promise<void> {
  await machine.until(`the log says "${words}"`, 20_000, () =>
    machine.run('journalctl -u dps-agent -o cat --no-pager').output.includes(words),
  );
}

async function stopped(): Promise<void> {
  const shown = 'systemctl show dps-agent -p ActiveState,Result,ExecMainStatus,NRestarts';
  await machine.until('the service has failed', 20_000, () =>
    machine.run('systemctl is-active dps-agent').output.includes('failed'),
  );
  assert.match(typed(shown).output, /ExecMainStatus=78/);
}

async function restarted(how: string): Promise<void> {
  const restarts = (): number => Number(machine.run('systemctl show -P NRestarts dps-agent').output);
  const before = restarts();
  typed(how);
  await machine.until('it is started again', 40_000, () => restarts() > before);
  await connected();
  typed('systemctl show dps-agent -p ActiveState,NRestarts,StatusText');
}

async function arriving(): Promise<void> {
  const count = (): number => Number(machine.run(`curl -s ${control}/simulator/messages | wc -l`).output);
  const before = count();
  await machine.until('telemetry arrives', 20_000, () => count() > before);
}

/** A drop-in of the package, as an operator would take it. */
function verified(name: string): void {
  const dropIns = '/usr/share/doc/dps-agent/examples/dps-agent.service.d';
  const target = `/run/systemd/system/dps-agent.service.d/${name}.conf`;
  const line = `install -D -m 644 ${dropIns}/${name}.conf ${target} && systemd-analyze verify --man=no dps-agent.service; rm ${target}`;
  const { output } = machine.run(line);
  const complaints = output.split('\n').filter((each) => each !== '' && !each.includes('ImportCredential'));
  assert.deepEqual(complaints, [], name);
}

function title(text: string): void {
  console.log(`${new Date().toISOString().slice(11, 19)} ${text}`);
  say(`\n## ${text}\n`);
}

function typed(line: string, end: 'succeeds' | 'fails' | 'may fail' = 'succeeds'): Outcome {
  const outcome = machine.run(line);
  say(`\`\`\`console\n# ${line}\n${outcome.output}\n\`\`\``);
  if (end === 'succeeds') assert.equal(outcome.code, 0, `${line}\n${outcome.output}`);
  if (end === 'fails') assert.notEqual(outcome.code, 0, `${line}\n${outcome.output}`);
  return outcome;
}

function say(text: string): void {
  lines.push(text);
}
