import type { JsonObject } from '../../../lib/json.ts';
import { numbersIn, rounded, type MachineFiles } from './machine-files.ts';

interface CpuTimes {
  readonly busy: number;
  readonly total: number;
}

/** Share of time that the processors were not idle since the last reading; the first covers the time since boot. */
export class CpuFigure {
  readonly #files: MachineFiles;
  #last: CpuTimes = { busy: 0, total: 0 };

  constructor(files: MachineFiles) {
    this.#files = files;
  }

  async read(): Promise<JsonObject> {
    const times = parseCpuTimes(await this.#files.text('proc/stat'));
    if (times === undefined) return {};
    const last = this.#last;
    this.#last = times;
    const total = times.total - last.total;
    // The kernel's counts of idle time may go back (proc(5)), and with them the share would leave its range.
    const busy = Math.min(total, Math.max(0, times.busy - last.busy));
    return total <= 0 ? {} : { cpuPercent: rounded((100 * busy) / total) };
  }
}

/** The first line of /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal in ticks (proc(5)). */
function parseCpuTimes(stat: string): CpuTimes | undefined {
  const line = stat.split('\n').find((text) => text.startsWith('cpu '));
  if (line === undefined) return undefined;
  const ticks = numbersIn(line.slice('cpu '.length)).slice(0, 8);
  const total = ticks.reduce((sum, value) => sum + value, 0);
  const idle = (ticks[3] ?? 0) + (ticks[4] ?? 0);
  return { busy: total - idle, total };
}
