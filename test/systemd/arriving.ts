import assert from 'node:assert/strict';
import { device, dropIns, key, startSimulator } from './gateway.ts';
import type { Operator } from './operator.ts';

export async function seeItInstalled(operator: Operator, archive: string, dist: string): Promise<void> {
  operator.title('Installed: a user, a unit, and nothing started');
  operator.types(`apt-get install -y ${archive} 2>&1 | tail -3`);
  const states = operator.types('systemctl is-enabled dps-agent; systemctl is-active dps-agent', 'fails');
  assert.match(states, /disabled\s+inactive/);
  operator.types('getent passwd dps-agent; stat -c "%A %U:%G %n" /etc/dps-agent');
  operator.types(
    'systemctl --version | head -1; systemd-analyze verify --man=no dps-agent.service && echo nothing to say',
  );
  const security = operator.types('systemd-analyze security --no-pager dps-agent.service | grep -v "✓"');
  const exposure = Number(/level for dps-agent\.service: ([\d.]+)/.exec(security)?.[1]);
  assert.ok(exposure <= 1.5, `an exposure of ${exposure}`);

  operator.title('Without a configuration: stopped with 78, and not started again');
  operator.types('systemctl start dps-agent', 'fails');
  await operator.stopped();

  operator.title("A newcomer's way, as the README has it: init, check, enable, status");
  startSimulator(operator.machine, dist);
  operator.runs('systemctl reset-failed dps-agent');
  // Nobody sets this machine's clock: it would be waited for.
  operator.machine.write('etc/dps-agent/config.d/10-clock.yaml', 'clock: { wait_for_sync: 0s }\n');
  operator.machine.write('root/device-key', `${key}\n`, 0o600);
  operator.types(
    `dps-agent init --endpoint localhost:8883 --scope-id 0ne00ABC123 --registration-id ${device} --symmetric-key file:///root/device-key --ca-file /etc/dps-agent/ca.pem --input system --try`,
  );
  operator.types('dps-agent check');
  operator.types('systemctl enable --now dps-agent 2>&1');
  await operator.connected();
  operator.types('dps-agent status');
  operator.types('systemctl disable --now dps-agent 2>&1');
  operator.runs('rm -r /etc/dps-agent/config.d');
}

/** What the drop-ins of the test itself change. */
export function prepare(operator: Operator, faults: Buffer): void {
  const { machine } = operator;
  machine.write('opt/faults.mts', faults);
  machine.write(`${dropIns}/faults.conf`, '[Service]\nEnvironment=NODE_OPTIONS=--import=/opt/faults.mts\n');
  // As a person would wait: not a minute.
  machine.write(`${dropIns}/patience.conf`, '[Service]\nWatchdogSec=6\nTimeoutAbortSec=2\n');
}
