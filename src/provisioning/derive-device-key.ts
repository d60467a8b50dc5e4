import { createHmac } from 'node:crypto';
import { Secret } from '../lib/secret.ts';

/**
 * The key of one device of a symmetric-key enrollment group: HMAC-SHA256 over the registration ID as it is
 * presented, keyed with the decoded group key (protocol.md 2.2; vectors in 11).
 */
export function deriveDeviceKey(groupKey: Secret, registrationId: string): Secret {
  const key = Buffer.from(groupKey.reveal(), 'base64');
  return new Secret(createHmac('sha256', key).update(registrationId, 'utf8').digest('base64'));
}
