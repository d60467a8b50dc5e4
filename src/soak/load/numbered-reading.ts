import { crc32 } from 'node:zlib';
import { isJsonObject } from '../../lib/json.ts';

/** What a reading says of itself when it arrives: whose it is, its number, and whether it is the one that was posted. */
export interface ReadingSeen {
  readonly agent: string;
  readonly n: number;
  readonly isIntact: boolean;
}

/** One line of JSON, of `bytes` bytes or the few that a number, a name and a checksum need. */
export function numberedReading(agent: string, n: number, bytes: number): string {
  const bare = lineOf(agent, n, '');
  return bare.length >= bytes ? bare : lineOf(agent, n, padding(n, bytes - bare.length));
}

/** `undefined` for what no feeder has posted. */
export function readNumbered(body: unknown): ReadingSeen | undefined {
  if (!isJsonObject(body)) return undefined;
  const { agent, n, sum, pad } = body;
  if (typeof agent !== 'string' || typeof pad !== 'string' || !isNumber(n)) return undefined;
  return { agent, n, isIntact: Number(sum) === checksum(agent, n, pad) };
}

function lineOf(agent: string, n: number, pad: string): string {
  return JSON.stringify({ n, agent, sum: checksum(agent, n, pad), pad });
}

/** The letters follow from the number, so that a body that got mixed up with another's is noticed. */
function padding(n: number, length: number): string {
  return String.fromCharCode(97 + (n % 26)).repeat(length);
}

function checksum(agent: string, n: number, pad: string): number {
  return crc32(`${agent} ${n} ${pad}`) % 1e9;
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}
