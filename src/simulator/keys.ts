import { createHmac, randomBytes } from 'node:crypto';

export interface SymmetricKeys {
  /** Base64. */
  readonly primaryKey: string;
  readonly secondaryKey: string;
}

/** Two fresh keys of 64 bytes, the length the services generate. */
export function generateKeys(): SymmetricKeys {
  return { primaryKey: randomBytes(64).toString('base64'), secondaryKey: randomBytes(64).toString('base64') };
}

/** The key of one device in a group: HMAC-SHA256 over the registration ID as given (protocol.md 2.2). */
export function deriveDeviceKey(groupKey: string, registrationId: string): string {
  return createHmac('sha256', Buffer.from(groupKey, 'base64')).update(registrationId).digest('base64');
}

export function deriveDeviceKeys(group: SymmetricKeys, registrationId: string): SymmetricKeys {
  return {
    primaryKey: deriveDeviceKey(group.primaryKey, registrationId),
    secondaryKey: deriveDeviceKey(group.secondaryKey, registrationId),
  };
}
