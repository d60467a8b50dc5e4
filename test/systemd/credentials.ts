import assert from 'node:assert/strict';
import { configure, dropIns, key } from './gateway.ts';
import type { Operator } from './operator.ts';

/** What the machine is given when it is started. */
export const givenCredentials = { 'dps-agent.device-key': key };

export async function seeItEnabled(operator: Operator): Promise<void> {
  operator.title(
    'Enabled and started: notified, its state in words; its key by LoadCredential=, which only root may read',
  );
  configure(operator.machine, { inputs: ['{ name: posted, type: socket }'] });
  operator.machine.write(`${dropIns}/key.conf`, '[Service]\nLoadCredential=device-key:/root/device-key\n');
  operator.types('systemctl daemon-reload; systemctl enable --now dps-agent 2>&1');
  await operator.connected();
  operator.types('systemctl show dps-agent -p Type,ActiveState,SubState,StatusText,NRestarts,Result');
  operator.types('systemctl status dps-agent --no-pager -n 0 | grep -v CGroup');
}

/** From systemd 254 on, without a line about it; before, the agent says what is missing, and does not end. */
export async function seeTheMachinesCredential(operator: Operator): Promise<void> {
  const version = Number(/\d+/.exec(operator.runs('systemctl --version').output)?.[0]);
  operator.title('Its key by ImportCredential=, from what the machine was given when it was started');
  operator.runs(`mv /${dropIns}/key.conf /root; systemctl daemon-reload`);
  configure(operator.machine, { credential: 'dps-agent.device-key' });
  operator.types(
    'ls /run/credentials/@system; cat /etc/systemd/system/dps-agent.service.d/*.conf | grep -c Credential',
    'may fail',
  );
  operator.types('systemctl restart dps-agent');
  if (version >= 254) {
    await operator.connected();
    operator.types('systemctl show dps-agent -p StatusText');
  } else {
    operator.say(`systemd ${version} does not know that line; what the agent says then:\n`);
    await operator.machine.until('it says what is missing', 20_000, () =>
      operator.shown('StatusText').includes('SECRET-UNREADABLE'),
    );
    operator.types('systemctl show dps-agent -p ActiveState,StatusText');
  }
  assert.equal(operator.shown('ActiveState'), 'active');
  operator.runs(`mv /root/key.conf /${dropIns}; systemctl daemon-reload`);
  configure(operator.machine);
  operator.runs('systemctl restart dps-agent');
  await operator.connected();
}
