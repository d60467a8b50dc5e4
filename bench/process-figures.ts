import { readFileSync, writeFileSync } from 'node:fs';

/** sysconf(_SC_CLK_TCK), which Linux has at 100 on every machine of today. */
const ticksPerSecond = 100;

/** User and system time of a process so far, in milliseconds: utime and stime of proc(5)'s stat. */
export function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond;
}

/** What it has caused to be written to storage so far, in bytes: proc(5)'s io. */
export function storageBytesWritten(pid: number): number {
  return numberIn(readFileSync(`/proc/${pid}/io`, 'utf8'), 'write_bytes');
}

/** Resident memory now, and the most since `forgetPeak`, in bytes. */
export function memory(pid: number): { readonly bytes: number; readonly peakBytes: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return { bytes: numberIn(status, 'VmRSS') * 1024, peakBytes: numberIn(status, 'VmHWM') * 1024 };
}

/** What a process takes of memory, in bytes: proc(5)'s smaps_rollup. */
export interface Footprint {
  /** With all of the files it has mapped that it has touched: Node's own program, mostly. */
  readonly residentBytes: number;
  /** Of what others have mapped, too, its share. */
  readonly proportionalBytes: number;
  /** What would be free if it were not there, whoever else runs the same Node. */
  readonly anonymousBytes: number;
}

export function footprint(pid: number): Footprint {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const bytes = (name: string): number => numberIn(rollup, name) * 1024;
  return {
    residentBytes: bytes('Rss'),
    proportionalBytes: bytes('Pss'),
    anonymousBytes: bytes('Anonymous'),
  };
}

/** proc(5): 5 resets the peak of resident memory. */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

function numberIn(text: string, name: string): number {
  const found = new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(text)?.[1];
  if (found === undefined) throw new Error(`cannot find ${name} in /proc`);
  return Number(found);
}
