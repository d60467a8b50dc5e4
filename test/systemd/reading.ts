import assert from 'node:assert/strict';
import { control } from './gateway.ts';
import type { Operator } from './operator.ts';

/** What it sends and what it says, as it does. */
export async function seeWhatItDoes(operator: Operator): Promise<void> {
  operator.title('Telemetry arrives');
  await operator.arriving();
  operator.types(`curl -s ${control}/simulator/messages | tail -1 | cut -c 1-150`);

  operator.title('What is sent, as it is sent; and something sent by hand');
  assert.match(operator.types('timeout 20 dps-agent telemetry tail --count 1'), /acknowledged after/);
  assert.match(
    operator.types('dps-agent telemetry send temperature=21.5'),
    /1 reading taken in: the hub has it/,
  );
  const sent = operator.types(`curl -s ${control}/simulator/messages | grep -o '"body":{"temperature".*'`);
  assert.match(sent, /"temperature":21\.5/);

  operator.title('Inside: what the agent itself may do, by its socket');
  const inside = operator.types('dps-agent check --inside 2>&1 | tail -25');
  assert.match(inside, /, 0 errors,/);
  operator.types('dps-agent status | head -5');

  await seeTheLog(operator);
}

async function seeTheLog(operator: Operator): Promise<void> {
  operator.title('Its log from the journal: by level, since when, and as it comes');
  const warnings = operator.types('dps-agent logs --level warn --area clock --lines 1');
  assert.match(warnings, /^[^\n]* WARN +clock +the clock is suspect/);
  const connections = operator.types('dps-agent logs --since 1h --area connection --output json | tail -1');
  assert.match(connections, /"state":"connected"/);
  operator.runs(
    'systemd-run -q --unit=following -p StandardOutput=file:/root/followed dps-agent logs --follow --lines 1',
  );
  const followed = (): string => operator.runs('cat /root/followed').output;
  await operator.machine.until('the log is followed', 10_000, () => followed() !== '');
  const before = followed().split('\n').length;
  operator.types('systemctl reload dps-agent');
  await operator.machine.until('the new line is there, too', 10_000, () =>
    followed().split('\n').slice(before).join('\n').includes('was read again'),
  );
  operator.say('What `dps-agent logs --follow --lines 1` has shown in another terminal:\n');
  operator.types('cat /root/followed');
  operator.runs('systemctl stop following');

  operator.title("Its log for whoever is no root: a member of the journal's group, and nobody else");
  operator.runs('useradd --groups systemd-journal technician; useradd stranger');
  const own = operator.types('runuser -u technician -- dps-agent logs --area connection --lines 1');
  assert.match(own, /connection +/);
  const strangers = operator.types('runuser -u stranger -- dps-agent logs --lines 1', 'fails');
  assert.match(strangers, /the group systemd-journal may read/);
}
