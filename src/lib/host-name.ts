import { isIP } from 'node:net';

/** Whether `name` can be a host's name or an IPv4 address. */
export function isHostName(name: string): boolean {
  if (/^[\d.]+$/.test(name)) return isIP(name) === 4;
  if (name.length > 253) return false;
  return name.split('.').every((label) => /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/.test(label));
}
