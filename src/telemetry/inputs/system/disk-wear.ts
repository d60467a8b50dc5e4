import type { JsonObject } from '../../../lib/json.ts';
import type { MachineFiles } from './machine-files.ts';

/**
 * How worn the machine's flash is: what was written to all physical disks since boot, and of an eMMC what it says of
 * itself (JESD84-B51): the share of its life that is used, to the next 10 % (110 means beyond its end), and how much of
 * its reserve is. SD cards and most other disks say nothing of the kind; of several the worst counts.
 */
export async function diskWear(files: MachineFiles): Promise<JsonObject> {
  const wear = await Promise.all((await physicalDisks(files)).map((name) => wearOf(files, name)));
  const [written, used, reserves] = [
    wear.flatMap(({ writtenBytes }) => writtenBytes ?? []),
    wear.flatMap(({ usedPercent }) => usedPercent ?? []),
    wear.flatMap(({ reserve }) => reserve ?? []),
  ];
  const reserve = reserveStates[Math.max(0, ...reserves)];
  return {
    ...(written.length === 0 ? {} : { diskWrittenBytes: written.reduce((sum, bytes) => sum + bytes, 0) }),
    ...(used.length === 0 ? {} : { diskWearPercent: Math.max(...used) }),
    ...(reserve === undefined ? {} : { diskReserve: reserve }),
  };
}

/** PRE_EOL_INFO: the reserve for bad blocks is fine, used to 80 %, or used to 90 %. 0 is undefined. */
const reserveStates = [undefined, 'normal', 'warning', 'urgent'] as const;
/** As the kernel counts in `stat`, whatever the disk's own sectors are. */
const sectorBytes = 512;

interface Wear {
  readonly writtenBytes: number | undefined;
  readonly usedPercent: number | undefined;
  readonly reserve: number | undefined;
}

/** Loop devices, RAM disks and the like have no `device`; the paths of a multipath NVMe disk are that disk again. */
async function physicalDisks(files: MachineFiles): Promise<string[]> {
  const names = (await files.names('sys/block')).filter((name) => !/^nvme\d+c\d+n\d+$/.test(name));
  const devices = await Promise.all(names.map((name) => files.names(`sys/block/${name}/device`)));
  return names.filter((_, index) => (devices[index] ?? []).length > 0);
}

async function wearOf(files: MachineFiles, name: string): Promise<Wear> {
  const device = `sys/block/${name}/device`;
  const [stat, lifeTime, endOfLife] = await Promise.all([
    files.numbers(`sys/block/${name}/stat`),
    files.text(`${device}/life_time`),
    files.text(`${device}/pre_eol_info`),
  ]);
  const sectorsWritten = stat[6];
  return {
    writtenBytes: sectorsWritten === undefined ? undefined : sectorsWritten * sectorBytes,
    usedPercent: worstOf(lifeTime, 0x0b, 10),
    reserve: worstOf(endOfLife, 3, 1),
  };
}

/** The largest of a line's hexadecimal numbers from 1 to `most`, times `step`; `undefined` if there is none. */
function worstOf(text: string, most: number, step: number): number | undefined {
  const words = text.split(/\s+/).filter((word) => /^(0x)?[0-9a-f]{1,2}$/i.test(word));
  const known = words.map((word) => Number.parseInt(word, 16)).filter((value) => value >= 1 && value <= most);
  return known.length === 0 ? undefined : Math.max(...known) * step;
}
