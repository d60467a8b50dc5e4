import type { DeviceMessage } from '../../src/simulator/message.ts';

/** What the numbers of a body are told by, and that the body is the one that was posted with them. */
interface Numbered {
  readonly n: number;
  readonly filler: string;
}

const fillerSizes = [0, 20, 150, 700, 3500] as const;

/** A reading with a number; how long it is follows from the number, so that a wrong body is noticed. */
export function numberedReading(n: number): Numbered {
  return { n, filler: String.fromCharCode(97 + (n % 26)).repeat(fillerSizes[n % fillerSizes.length] ?? 0) };
}

/** The same as bytes that are no text. */
export function numberedBytes(n: number): Buffer {
  const bytes = Buffer.alloc(8 + (fillerSizes[n % fillerSizes.length] ?? 0), n % 251);
  bytes.writeDoubleBE(n);
  return bytes;
}

/** The numbers in a message. Throws when its body is none that was posted. */
export function numbersIn({ body, bodyBase64 }: DeviceMessage): number[] {
  if (bodyBase64 !== undefined) return [numberOfBytes(Buffer.from(bodyBase64, 'base64'))];
  const readings = Array.isArray(body) ? body : [body];
  return readings.map((reading) => {
    const n = typeof reading === 'object' && reading !== null && 'n' in reading ? Number(reading['n']) : NaN;
    const { filler } = numberedReading(n);
    const found = typeof reading === 'object' && reading !== null && 'filler' in reading && reading['filler'];
    if (found !== filler) throw new Error(`a body that nobody posted: ${JSON.stringify(body).slice(0, 200)}`);
    return n;
  });
}

function numberOfBytes(bytes: Buffer): number {
  const n = bytes.length < 8 ? NaN : bytes.readDoubleBE();
  if (Number.isSafeInteger(n) && n >= 0 && bytes.equals(numberedBytes(n))) return n;
  throw new Error(`a body that nobody posted: ${bytes.toString('hex').slice(0, 200)}`);
}
