/**
 * PUBLISH with QoS 1, neither retained nor a duplicate (MQTT 3.1.1, 3.3), in one piece.
 * @param packetId 1 to 65535
 */
export function publishPacket(topic: string, payload: string | Buffer, packetId: number): Buffer {
  const topicBytes = Buffer.byteLength(topic);
  const payloadBytes = typeof payload === 'string' ? Buffer.byteLength(payload) : payload.length;
  const remaining = 2 + topicBytes + 2 + payloadBytes;
  const packet = Buffer.allocUnsafe(1 + lengthBytes(remaining) + remaining);
  packet[0] = publishQos1;
  let at = writeLength(packet, 1, remaining);
  at = packet.writeUInt16BE(topicBytes, at);
  at += packet.write(topic, at);
  at = packet.writeUInt16BE(packetId, at);
  if (typeof payload === 'string') packet.write(payload, at);
  else payload.copy(packet, at);
  return packet;
}

const publishQos1 = 0x32;

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
