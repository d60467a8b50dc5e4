import { createHmac } from 'node:crypto';
import { isRegistrationId } from '../registration-id.ts';

/** Names that machines have before anybody gives them one: no two of a fleet differ by them. */
const commonNames =
  /^(raspberrypi|raspberry|debian|ubuntu|linux|armbian|beaglebone|dietpi|openwrt|gateway|device|host)$/;

/** Names that say nothing at all; a container is called by twelve hexadecimal digits. */
const noName = /^(|localhost|[0-9a-f]{12})$/;

/** What the registration ID must not exceed with a certificate (protocol.md 2.1), and what reads well. */
const longest = 48;

/**
 * A registration ID for this machine: its host name, in the lower case letters, digits and hyphens that IoT Central takes,
 * too; with a part made from the machine's ID where the name alone would not tell it from others. `undefined` when there
 * is neither.
 * @param machineId of /etc/machine-id; machine-id(5) wants it hashed with something of one's own before it is shown
 */
export function suggestedId(hostName: string, machineId: string | undefined): string | undefined {
  const [first = ''] = hostName.toLowerCase().split('.');
  const name = first
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, longest)
    .replaceAll(/^-+|-+$/g, '');
  if (!noName.test(name) && !commonNames.test(name)) return checked(name);
  if (machineId === undefined || machineId.trim() === '') return undefined;
  const own = createHmac('sha256', machineId.trim()).update('dps-agent registration ID').digest('hex');
  return checked(`${noName.test(name) ? 'gateway' : name}-${own.slice(0, 8)}`);
}

function checked(id: string): string | undefined {
  return isRegistrationId(id) ? id : undefined;
}
