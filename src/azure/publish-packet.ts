export interface Publish {
  readonly topic: string;
  readonly payload: string | Buffer;
  /** 1 to 65535. */
  readonly packetId: number;
}

/** As much in one piece, if it is of more than one packet, in bytes. */
const pieceBytes = 262_144;

/**
 * PUBLISH packets with QoS 1, neither retained nor duplicates (MQTT 3.1.1, 3.3), one behind the other in as few pieces as
 * are not too large to be made at once: a piece for each would cost more than what it holds.
 */
export function* publishPackets(publishes: readonly Publish[]): Generator<Buffer> {
  let piece: Sized[] = [];
  let bytes = 0;
  for (const publish of publishes) {
    const sized = sizedOf(publish);
    if (piece.length > 0 && bytes + sized.bytes > pieceBytes) {
      yield written(piece, bytes);
      [piece, bytes] = [[], 0];
    }
    piece.push(sized);
    bytes += sized.bytes;
  }
  if (piece.length > 0) yield written(piece, bytes);
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

function written(packets: readonly Sized[], bytes: number): Buffer {
  const piece = Buffer.allocUnsafe(bytes);
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
