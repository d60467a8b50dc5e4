export interface Publish {
  readonly topic: string;
  readonly payload: string | Buffer;
  /** 1 to 65535. */
  readonly packetId: number;
}

/** As much in one piece, if it is of more than one packet, in bytes. */
const pieceBytes = 262_144;
/** What takes less is made anew each time, in bytes. */
const worthKeepingBytes = 16_384;
/** More than two of them are hardly ever on their way at once. */
const mostSpare = 2;

/** Where packets are written: memory that is used again, since what is made anew each time is a fourth of all garbage. */
export class PacketPieces {
  readonly #spare: ArrayBuffer[] = [];

  take(bytes: number): Buffer {
    if (bytes < worthKeepingBytes || bytes > pieceBytes) return Buffer.allocUnsafe(bytes);
    return Buffer.from(this.#spare.pop() ?? new ArrayBuffer(pieceBytes), 0, bytes);
  }

  /** It has been sent, and is not looked at any more. */
  giveBack({ buffer }: Buffer): void {
    if (buffer instanceof ArrayBuffer && buffer.byteLength === pieceBytes && this.#spare.length < mostSpare)
      this.#spare.push(buffer);
  }
}

/**
 * PUBLISH packets with QoS 1, neither retained nor duplicates (MQTT 3.1.1, 3.3), one behind the other in as few pieces as
 * are not too large to be made at once: a piece for each would cost more than what it holds.
 */
export function* publishPackets(
  publishes: readonly Publish[],
  pieces: Pick<PacketPieces, 'take'>,
): Generator<Buffer> {
  let piece: Sized[] = [];
  let bytes = 0;
  for (const publish of publishes) {
    const sized = sizedOf(publish);
    if (piece.length > 0 && bytes + sized.bytes > pieceBytes) {
      yield written(piece, pieces.take(bytes));
      [piece, bytes] = [[], 0];
    }
    piece.push(sized);
    bytes += sized.bytes;
  }
  if (piece.length > 0) yield written(piece, pieces.take(bytes));
}

interface Sized extends Publish {
  readonly topicBytes: number;
  /** Of what follows the fixed header. */
  readonly remaining: number;
  /** Of the whole packet. */
  readonly bytes: number;
}

const publishQos1 = 0x32;

function sizedOf({ topic, payload, packetId }: Publish): Sized {
  const topicBytes = Buffer.byteLength(topic);
  const payloadBytes = typeof payload === 'string' ? Buffer.byteLength(payload) : payload.length;
  const remaining = 2 + topicBytes + 2 + payloadBytes;
  return { topic, payload, packetId, topicBytes, remaining, bytes: 1 + lengthBytes(remaining) + remaining };
}

function written(packets: readonly Sized[], piece: Buffer): Buffer {
  let at = 0;
  for (const packet of packets) at = write(packet, piece, at);
  return piece;
}

/** Returns where the next may begin. */
function write(
  { topic, payload, packetId, topicBytes, remaining }: Sized,
  piece: Buffer,
  start: number,
): number {
  piece[start] = publishQos1;
  let at = writeLength(piece, start + 1, remaining);
  at = piece.writeUInt16BE(topicBytes, at);
  at += piece.write(topic, at);
  at = piece.writeUInt16BE(packetId, at);
  return at + (typeof payload === 'string' ? piece.write(payload, at) : payload.copy(piece, at));
}

/** The remaining length goes in groups of seven bits, the lowest first (MQTT 3.1.1, 2.2.3). */
function lengthBytes(length: number): number {
  if (length < 0x80) return 1;
  if (length < 0x4000) return 2;
  return length < 0x20_0000 ? 3 : 4;
}

function writeLength(packet: Buffer, start: number, length: number): number {
  let [at, left] = [start, length];
  for (; left >= 0x80; left >>>= 7) packet[at++] = (left & 0x7f) | 0x80;
  packet[at++] = left;
  return at;
}
