/** What is sent in every measurement: a reading of 200 bytes as JSON, or 4 KB that are no text. */
export type Payload = 'reading' | 'binary';

export const payloadBytes = { reading: 200, binary: 4096 } as const;

/** JSON of exactly 200 bytes, as a gateway with a handful of sensors makes it. */
export function reading(n: number): string {
  const values = {
    n: n % 1_000_000,
    temperature: 20 + (n % 1000) / 100,
    humidity: 40 + (n % 500) / 10,
    pressure: 1013.25,
    door: n % 2 === 0 ? 'open' : 'closed',
    line: 'press-4',
  };
  const text = JSON.stringify({ ...values, note: '' });
  return JSON.stringify({ ...values, note: '.'.repeat(payloadBytes.reading - text.length) });
}

export function binary(n: number): Buffer {
  const bytes = Buffer.alloc(payloadBytes.binary);
  for (let at = 0; at < bytes.length; at += 1) bytes[at] = (at * 31 + n) & 0xff;
  return bytes;
}
