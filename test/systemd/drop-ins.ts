import assert from 'node:assert/strict';
import { configure, control, dropIns } from './gateway.ts';
import type { Operator } from './operator.ts';

interface DropIn {
  readonly name: string;
  /** What a program of the agent's can do with it that it could not without; or cannot. */
  readonly opens: readonly string[];
  readonly closes?: readonly string[];
}

const shipped: readonly DropIn[] = [
  { name: 'serial', opens: ['ttyS0'] },
  { name: 'gpio-i2c-spi', opens: ['gpiochip0', 'i2c-1', 'spidev0.0'] },
  // This machine may only look at its /sys, which has no LED: there is nothing to be opened.
  { name: 'sysfs-write', opens: [] },
  { name: 'exec', opens: ['home', 'netlink'] },
  { name: 'docker', opens: ['docker'] },
  { name: 'credentials', opens: [] },
  { name: 'egress', opens: [], closes: ['elsewhere'] },
];
const examples = '/usr/share/doc/dps-agent/examples/dps-agent.service.d';
const elsewhere = '10.9.8.7';

/** Tries everything there is a drop-in for, and prints a reading of what it could do. */
const probe = `try() {
  name=$1; shift
  "$@" > /dev/null 2>&1 && may="$may $name"
}
for each in ttyS0 gpiochip0 i2c-1 spidev0.0; do try $each sh -c ": <> /dev/$each"; done
try home cat /home/technician/meter
try netlink /usr/lib/dps-agent/node -e 'os.networkInterfaces()'
try docker curl -sf -m 1 --unix-socket /run/docker.sock http://docker/
try elsewhere curl -sf -m 1 http://${elsewhere}:9999/
echo "{ \\"may\\": \\"$may\\" }"
`;
const servers = `const { createServer } = require('node:http');
for (const where of [9999, '/run/docker.sock']) createServer((_, answer) => answer.end()).listen(where);
`;

/** Each as an operator takes it: loaded, and what it is for can be done by a program that the agent runs. */
export async function seeTheDropIns(operator: Operator): Promise<void> {
  operator.title("The drop-ins of the package, each alone: what a program of the agent's can do with it");
  equip(operator);
  operator.types('cat /opt/probe; ls -l /dev/ttyS0 /dev/gpiochip0 /dev/i2c-1 /dev/spidev0.0');
  configure(operator.machine, {
    inputs: ['{ name: probe, type: exec, command: [/bin/sh, /opt/probe], interval: 1s, format: json }'],
  });
  const without = ['elsewhere'];
  await restartedTo(operator, without, 'Without any:');
  for (const { name, opens, closes = [] } of shipped) {
    operator.runs(`install -D -m 644 ${examples}/${name}.conf /${dropIns}/${name}.conf`);
    // The credential that this one names is all it has then.
    if (name === 'credentials') operator.runs(`mv /${dropIns}/key.conf /root`);
    operator.runs('systemctl daemon-reload');
    const able = [...opens, ...without].filter((each) => !closes.includes(each));
    await restartedTo(operator, able, `With \`${name}.conf\`:`);
    const paths = operator.shown('DropInPaths').split(' ');
    assert.ok(paths.includes(`/${dropIns}/${name}.conf`), `${name} is loaded`);
    operator.runs(`rm /${dropIns}/${name}.conf; mv /root/key.conf /${dropIns}`);
  }
  configure(operator.machine);
  operator.runs('umount /proc/devices; systemctl daemon-reload; systemctl restart dps-agent');
  await operator.connected();
}

async function restartedTo(operator: Operator, able: readonly string[], what: string): Promise<void> {
  operator.runs('systemctl restart dps-agent');
  await operator.connected();
  const last = `curl -s ${control}/simulator/messages | grep '"input":"probe"' | tail -1 | grep -o '"may":"[^"]*"'`;
  const seen = (): string | undefined => /"may":" ?([^"]*)"/.exec(operator.runs(last).output)?.[1];
  const pid = operator.shown('MainPID');
  await operator.machine
    .until(`${what} ${able.join(' ')}`, 15_000, () => seen() === able.join(' '))
    .catch((error: unknown) => {
      throw new Error(`cannot see it: found "${String(seen())}"`, { cause: error });
    });
  assert.equal(operator.shown('MainPID'), pid);
  operator.say(`${what}\n`);
  operator.types(last);
}

/**
 * A board's devices, as far as there are any. The kernel here has no drivers of pins, whose names DeviceAllow= goes by: others
 * are called by those names, and what is opened is theirs.
 */
function equip({ machine }: Operator): void {
  machine.write('opt/probe', probe);
  machine.write('opt/servers.cjs', servers);
  machine.addAddress(`${elsewhere}/32`);
  const lines = [
    'for each in gpio i2c spi docker; do getent group $each || groupadd $each; done',
    'node() { rm -f /dev/$1; mknod -m 660 /dev/$1 c $2 $3; chgrp $4 /dev/$1; }',
    'node ttyS0 4 64 dialout; node gpiochip0 10 229 gpio; node i2c-1 203 0 i2c; node spidev0.0 4 64 spi',
    'sed -e "s/^ 10 misc/ 10 gpiochip/" -e "s/^203 .*/203 i2c/" -e "s/^  4 ttyS/&\\n  4 spidev/" /proc/devices > /root/devices',
    'mount --bind /root/devices /proc/devices',
    'mkdir -p /home/technician; echo 1 > /home/technician/meter; chmod -R a+rX /home/technician',
    'systemd-run -q --unit=servers /usr/lib/dps-agent/node /opt/servers.cjs',
    'for i in $(seq 50); do test -S /run/docker.sock && break; sleep 0.1; done',
    'chgrp docker /run/docker.sock; chmod 660 /run/docker.sock',
    'install -D -m 600 /root/device-key /etc/dps-agent/secrets/device-key',
  ];
  assert.equal(machine.run(['set -e', ...lines].join('\n')).code, 0);
}
