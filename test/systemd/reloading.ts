import assert from 'node:assert/strict';
import { configure } from './gateway.ts';
import type { Operator } from './operator.ts';

export async function seeItReloaded(operator: Operator): Promise<void> {
  operator.title('Reload: what can be is in force at once, and the process stays the same');
  const pid = operator.shown('MainPID');
  configure(operator.machine, { interval: '1s', sections: ['local_api: { tcp_port: 9000 }'] });
  operator.types('systemctl reload dps-agent');
  await operator.logged('needs a start');
  operator.types(
    'journalctl -u dps-agent -o cat --no-pager | grep -E "read again|needs a start" | grep -o \'"msg":.*\' | tail -2',
  );
  assert.equal(operator.shown('MainPID'), pid);

  operator.title('Reload of a configuration that is not valid: refused, and nothing changes');
  configure(operator.machine, { interval: 'soon' });
  operator.types('systemctl reload dps-agent 2>&1; systemctl is-active dps-agent', 'may fail');
  operator.types('journalctl -u dps-agent -o cat --no-pager | grep "telemetry.inputs" | tail -1');
  assert.equal(operator.shown('MainPID'), pid);

  operator.title('Started with it: stopped with 78, and not started again');
  operator.types('systemctl restart dps-agent', 'may fail');
  await operator.stopped();
  configure(operator.machine);
  operator.types('systemctl reset-failed dps-agent; systemctl start dps-agent');
  await operator.connected();
}
