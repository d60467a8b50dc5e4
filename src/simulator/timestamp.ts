/** A time as both services write it: UTC with seven fractional digits (protocol.md 1.5). */
export function serviceTime(date: Date): string {
  return date.toISOString().replace(/Z$/, '0000Z');
}
