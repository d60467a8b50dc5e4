import { statfs } from 'node:fs/promises';
import type { JsonObject } from '../../../lib/json.ts';
import { numbersIn, rounded, type MachineFiles } from './machine-files.ts';

export async function load(files: MachineFiles): Promise<JsonObject> {
  const [load1, load5, load15] = await files.numbers('proc/loadavg');
  return defined({ load1, load5, load15 });
}

export async function memory(files: MachineFiles): Promise<JsonObject> {
  const text = await files.text('proc/meminfo');
  const memoryTotalBytes = kibibytes(text, 'MemTotal');
  const memoryAvailableBytes = kibibytes(text, 'MemAvailable');
  return defined({ memoryTotalBytes, memoryAvailableBytes });
}

/** The file system that the root is on. */
export async function disk({ root }: MachineFiles): Promise<JsonObject> {
  try {
    const { bsize, blocks, bavail } = await statfs(root);
    return { diskTotalBytes: blocks * bsize, diskAvailableBytes: bavail * bsize };
  } catch (cause) {
    throw new Error(`cannot measure the file system that ${root} is on`, { cause });
  }
}

/** The hottest of the kernel's thermal zones. */
export async function temperature(files: MachineFiles): Promise<JsonObject> {
  const zones = (await files.names('sys/class/thermal')).filter((name) => name.startsWith('thermal_zone'));
  const readings = await Promise.all(zones.map((zone) => files.numbers(`sys/class/thermal/${zone}/temp`)));
  const degrees = readings.flatMap((numbers) => numbers.slice(0, 1)).map((milli) => milli / 1000);
  return degrees.length === 0 ? {} : { temperatureC: rounded(Math.max(...degrees)) };
}

export async function uptime(files: MachineFiles): Promise<JsonObject> {
  const [uptimeSeconds] = await files.numbers('proc/uptime');
  return defined({ uptimeSeconds });
}

/** Counters since boot over all interfaces but the loopback. */
export async function network(files: MachineFiles): Promise<JsonObject> {
  const lines = (await files.text('proc/net/dev')).split('\n').slice(2);
  const counters = lines
    .map((line) => line.split(':'))
    .filter(([name, rest]) => rest !== undefined && name?.trim() !== 'lo')
    .map(([, rest]) => numbersIn(rest ?? ''));
  if (counters.length === 0) return {};
  return {
    networkReceivedBytes: counters.reduce((sum, [received = 0]) => sum + received, 0),
    networkSentBytes: counters.reduce((sum, columns) => sum + (columns[8] ?? 0), 0),
  };
}

function kibibytes(meminfo: string, name: string): number | undefined {
  const [, value] = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(meminfo) ?? [];
  return value === undefined ? undefined : Number(value) * 1024;
}

function defined(figures: Record<string, number | undefined>): JsonObject {
  return Object.fromEntries(Object.entries(figures).filter(([, value]) => value !== undefined));
}
