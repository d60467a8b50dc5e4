import assert from 'node:assert/strict';
import { control, device } from './gateway.ts';
import type { Operator } from './operator.ts';

/** Whatever ends it, or has to: it is started again. */
export async function seeItSurvive(operator: Operator): Promise<void> {
  operator.title('A process that hangs: the watchdog ends it, and it is started again');
  await operator.restarted('kill -STOP $(systemctl show -P MainPID dps-agent)');
  seeTheWatchdog(operator, 1);

  operator.title(
    'An event loop that hangs, by what the test has put into the process: likewise, though the process runs',
  );
  await operator.restarted('touch /run/dps-agent/hang');
  seeTheWatchdog(operator, 2);

  operator.title('SIGKILL: started again');
  await operator.restarted('kill -KILL $(systemctl show -P MainPID dps-agent)');
  assert.match(operator.types('dps-agent status | grep past'), /\[RUN-KILLED\]/);

  operator.title('By the cloud: the direct method "restart" ends it with 75, and it is started again');
  const call = `curl -s -X POST ${control}/twins/${device}/methods -H 'content-type: application/json' -d '{"methodName":"restart"}'`;
  await operator.restarted(call);
  operator.types('journalctl -u dps-agent -o cat --no-pager | grep "status=75" | tail -1');
}

/** On a machine whose controllers of memory are its own. */
export async function seeItsMemoryBounded(operator: Operator): Promise<void> {
  operator.title(
    'Memory that grows, by what the test has put into the process: MemoryMax= ends it, and it is started again',
  );
  operator.types('systemctl show dps-agent -p MemoryMax,MemoryCurrent');
  await operator.restarted('touch /run/dps-agent/grow');
  operator.types('journalctl -u dps-agent -o cat --no-pager | grep -E "code=killed|Failed with" | tail -2');
  const [last] = operator.machine.killedForMemory('/system.slice/dps-agent.service').slice(-1);
  assert.ok(last !== undefined, 'the kernel says that it has killed it');
  operator.say(`What the kernel says:\n\n\`\`\`text\n${last}\n\`\`\``);
}

function seeTheWatchdog(operator: Operator, times: number): void {
  const ends = operator.types(
    'journalctl -u dps-agent -o cat --no-pager | grep -E "Watchdog timeout|code=|Failed with"',
  );
  assert.equal(ends.split('\n').filter((line) => line.includes('Watchdog timeout')).length, times);
}
