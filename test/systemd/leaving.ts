import assert from 'node:assert/strict';
import type { Operator } from './operator.ts';

export async function seeItUpgraded(operator: Operator, archive: string): Promise<void> {
  operator.title('Upgraded: started anew, with the state it had');
  const before = stateFiles(operator);
  operator.types(`dpkg -i ${archive} 2>&1 | tail -3`);
  await operator.connected();
  assert.match(
    operator.types('dpkg-query -W dps-agent; systemctl is-enabled dps-agent'),
    /0\.1\.1\s+enabled/,
  );
  assert.equal(stateFiles(operator), before);
  await operator.arriving();
}

export function seeItGone(operator: Operator): void {
  operator.title('Stopped in order');
  operator.types('systemctl stop dps-agent; systemctl show dps-agent -p ActiveState,Result,ExecMainStatus');
  assert.equal(operator.shown('Result'), 'success');
  assert.notEqual(operator.types('find /var/cache/dps-agent -type f | wc -l'), '0');

  operator.title('Removed, then purged: nothing is left');
  operator.runs('systemctl stop simulator');
  operator.types('dpkg -r dps-agent 2>&1 | tail -1; ls -d /etc/dps-agent /var/lib/dps-agent');
  operator.types('dpkg -P dps-agent 2>&1 | tail -1');
  const left = operator.types(
    'find / -xdev -name "*dps-agent*" -not -path "/proc/*" -not -path "/root/*"; getent passwd dps-agent',
    'may fail',
  );
  assert.equal(left, '');
}

function stateFiles(operator: Operator): string {
  return operator.runs('cd /var/lib/dps-agent; cat assignment*.json').output;
}
