import { readFile, readdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { JsonObject } from '../../lib/json.ts';
import type { Input } from './input.ts';

interface CpuTimes {
  readonly busy: number;
  readonly total: number;
}

/**
 * How the machine is: CPU, memory, disk, temperature, uptime and network counters, from Linux's own files. A figure that
 * this machine does not have is left out. Bytes are bytes, percentages run from 0 to 100, temperatures are in °C.
 */
export class SystemInput implements Input {
  readonly name: string;
  readonly intervalMs: number;
  readonly #root: string;
  #lastCpu: CpuTimes | undefined;

  /** @param root where `proc` and `sys` are, `/` but in tests */
  constructor(name: string, intervalMs: number, root = '/') {
    this.name = name;
    this.intervalMs = intervalMs;
    this.#root = root;
  }

  async read(): Promise<JsonObject> {
    const figures = await Promise.all([
      this.#cpu(),
      this.#load(),
      this.#memory(),
      this.#disk(),
      this.#temperature(),
      this.#uptime(),
      this.#network(),
    ]);
    return Object.assign({}, ...figures) as JsonObject;
  }

  /** Share of time that was not idle since the last reading; the first reading covers the time since boot. */
  async #cpu(): Promise<JsonObject> {
    const times = parseCpuTimes(await this.#text('proc/stat'));
    if (times === undefined) return {};
    const last = this.#lastCpu ?? { busy: 0, total: 0 };
    this.#lastCpu = times;
    const total = times.total - last.total;
    // The kernel's counts of idle time may go back (proc(5)), and with them the share would leave its range.
    const busy = Math.min(total, Math.max(0, times.busy - last.busy));
    return total <= 0 ? {} : { cpuPercent: round((100 * busy) / total) };
  }

  async #load(): Promise<JsonObject> {
    const [load1, load5, load15] = numbers(await this.#text('proc/loadavg'));
    return defined({ load1, load5, load15 });
  }

  async #memory(): Promise<JsonObject> {
    const text = await this.#text('proc/meminfo');
    const memoryTotalBytes = kibibytes(text, 'MemTotal');
    const memoryAvailableBytes = kibibytes(text, 'MemAvailable');
    return defined({ memoryTotalBytes, memoryAvailableBytes });
  }

  async #disk(): Promise<JsonObject> {
    const { bsize, blocks, bavail } = await statfs(this.#root);
    return { diskTotalBytes: blocks * bsize, diskAvailableBytes: bavail * bsize };
  }

  /** The hottest of the kernel's thermal zones. */
  async #temperature(): Promise<JsonObject> {
    const zones = await this.#names('sys/class/thermal');
    const texts = await Promise.all(
      zones
        .filter((zone) => zone.startsWith('thermal_zone'))
        .map((zone) => this.#text(`sys/class/thermal/${zone}/temp`)),
    );
    const degrees = texts.flatMap((text) => numbers(text).slice(0, 1)).map((milli) => milli / 1000);
    return degrees.length === 0 ? {} : { temperatureC: round(Math.max(...degrees)) };
  }

  async #uptime(): Promise<JsonObject> {
    const [uptimeSeconds] = numbers(await this.#text('proc/uptime'));
    return defined({ uptimeSeconds });
  }

  /** Counters since boot over all interfaces but the loopback. */
  async #network(): Promise<JsonObject> {
    const lines = (await this.#text('proc/net/dev')).split('\n').slice(2);
    const counters = lines
      .map((line) => line.split(':'))
      .filter(([name, rest]) => rest !== undefined && name?.trim() !== 'lo')
      .map(([, rest]) => numbers(rest ?? ''));
    if (counters.length === 0) return {};
    return {
      networkReceivedBytes: counters.reduce((sum, [received = 0]) => sum + received, 0),
      networkSentBytes: counters.reduce((sum, columns) => sum + (columns[8] ?? 0), 0),
    };
  }

  /** Empty where there is no such file: not every machine has every figure. */
  async #text(path: string): Promise<string> {
    try {
      return await readFile(join(this.#root, path), 'utf8');
    } catch {
      return '';
    }
  }

  async #names(path: string): Promise<string[]> {
    try {
      return await readdir(join(this.#root, path));
    } catch {
      return [];
    }
  }
}

/** The first line of /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal in ticks (proc(5)). */
function parseCpuTimes(stat: string): CpuTimes | undefined {
  const line = stat.split('\n').find((text) => text.startsWith('cpu '));
  if (line === undefined) return undefined;
  const ticks = numbers(line.slice('cpu '.length)).slice(0, 8);
  const total = ticks.reduce((sum, value) => sum + value, 0);
  const idle = (ticks[3] ?? 0) + (ticks[4] ?? 0);
  return { busy: total - idle, total };
}

function kibibytes(meminfo: string, name: string): number | undefined {
  const [, value] = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(meminfo) ?? [];
  return value === undefined ? undefined : Number(value) * 1024;
}

function numbers(text: string): number[] {
  return text
    .split(/\s+/)
    .filter((word) => /^-?\d+(\.\d+)?$/.test(word))
    .map(Number);
}

function defined(figures: Record<string, number | undefined>): JsonObject {
  return Object.fromEntries(Object.entries(figures).filter(([, value]) => value !== undefined));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
