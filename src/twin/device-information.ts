import { readFile, statfs } from 'node:fs/promises';
import { arch, totalmem } from 'node:os';
import { join } from 'node:path';

/** `dtmi:azure:DeviceManagement:DeviceInformation;1`; storage and memory in kilobytes (protocol.md 7). */
export interface DeviceInformation {
  readonly __t: 'c';
  readonly manufacturer: string;
  readonly model: string;
  readonly swVersion: string;
  readonly osName: string;
  readonly processorArchitecture: string;
  readonly processorManufacturer: string;
  readonly totalStorage: number;
  readonly totalMemory: number;
}

const unknown = 'unknown';

/** @param root where `proc`, `sys` and `etc` are, `/` but in tests */
export async function readDeviceInformation(agentVersion: string, root = '/'): Promise<DeviceInformation> {
  const [board, vendor, product, os, cpu, storage] = await Promise.all([
    text(root, 'proc/device-tree/model'),
    text(root, 'sys/class/dmi/id/sys_vendor'),
    text(root, 'sys/class/dmi/id/product_name'),
    text(root, 'etc/os-release'),
    text(root, 'proc/cpuinfo'),
    statfs(root),
  ]);
  return {
    __t: 'c',
    manufacturer: first(vendor, board.split(' ').slice(0, 2).join(' ')),
    model: first(board, product),
    swVersion: agentVersion,
    osName: first(/^PRETTY_NAME=(["']?)(.*)\1$/m.exec(os)?.[2]),
    processorArchitecture: arch(),
    processorManufacturer: first(/^vendor_id\s*:\s*(\S+)/m.exec(cpu)?.[1], armImplementer(cpu)),
    totalStorage: Math.round((storage.blocks * storage.bsize) / 1024),
    totalMemory: Math.round(totalmem() / 1024),
  };
}

/** Arm's codes for who made the core, from the Main ID Register; a Pi's is 0x41. */
function armImplementer(cpuinfo: string): string {
  const code = /^CPU implementer\s*:\s*(0x[0-9a-f]+)/m.exec(cpuinfo)?.[1];
  const names: Readonly<Record<string, string>> = {
    '0x41': 'ARM',
    '0x42': 'Broadcom',
    '0x48': 'HiSilicon',
    '0x4e': 'NVIDIA',
    '0x51': 'Qualcomm',
    '0x61': 'Apple',
  };
  return code === undefined ? '' : (names[code] ?? code);
}

function first(...candidates: (string | undefined)[]): string {
  return candidates.find((candidate) => candidate !== undefined && candidate !== '') ?? unknown;
}

/** Without the NUL bytes a device tree ends its strings with; empty where there is no such file. */
async function text(root: string, path: string): Promise<string> {
  try {
    return (await readFile(join(root, path), 'utf8')).replaceAll('\0', '').trim();
  } catch {
    return '';
  }
}
