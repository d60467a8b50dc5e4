import type { JsonObject } from '../../../lib/json.ts';
import type { MachineFiles } from './machine-files.ts';

/** Bits of the Raspberry Pi firmware's answer; each stands again 16 places higher, where it stays until cleared. */
const flags = { undervoltage: 0, frequencyCapped: 1, throttled: 2, temperatureLimited: 3 } as const;
const sticky = 16;

/**
 * What a Raspberry Pi's firmware says of its power supply and its heat. Linux shows it twice: as an alarm of the hwmon
 * device `rpi_volt`, for the voltage alone, and in the firmware device's `get_throttled` as a hexadecimal number without
 * a prefix. The hwmon driver asks every two seconds and has the firmware clear what it kept, so beside it the kept bits
 * tell of the last two seconds, which is now. Without that driver nobody clears them, and they are of no use.
 */
export async function throttling(files: MachineFiles): Promise<JsonObject> {
  const [alarm, bits] = await Promise.all([voltageAlarm(files), throttledBits(files)]);
  const told = bits === undefined ? {} : flagsIn(alarm === undefined ? bits : bits | (bits >>> sticky));
  return alarm === undefined ? told : { ...told, undervoltage: alarm };
}

function flagsIn(bits: number): JsonObject {
  return Object.fromEntries(Object.entries(flags).map(([name, bit]) => [name, ((bits >>> bit) & 1) === 1]));
}

async function voltageAlarm(files: MachineFiles): Promise<boolean | undefined> {
  const folder = 'sys/class/hwmon';
  for (const name of await files.names(folder)) {
    if ((await files.text(`${folder}/${name}/name`)).trim() !== 'rpi_volt') continue;
    const [alarm] = await files.numbers(`${folder}/${name}/in0_lcrit_alarm`);
    if (alarm !== undefined) return alarm !== 0;
  }
  return undefined;
}

/** The firmware is `soc:firmware` on most boards, and named by an address on a Raspberry Pi 5. */
async function throttledBits(files: MachineFiles): Promise<number | undefined> {
  const folder = 'sys/devices/platform';
  for (const soc of (await files.names(folder)).filter((name) => /^soc(@|$)/.test(name))) {
    const text = (await files.text(`${folder}/${soc}/${soc}:firmware/get_throttled`)).trim();
    if (/^[0-9a-f]{1,8}$/i.test(text)) return Number.parseInt(text, 16);
  }
  return undefined;
}
