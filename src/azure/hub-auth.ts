import type { AuthenticationProvider } from 'azure-iot-common';
import type { Clock } from '../lib/clock.ts';
import type { Secret } from '../lib/secret.ts';
import type { Credential } from '../provisioning/credential.ts';
import type { Assignment } from '../provisioning/dps-client.ts';
import {
  SharedAccessSignature,
  SharedAccessSignatureAuthenticationProvider,
  X509AuthenticationProvider,
} from './sdk.ts';

/**
 * How long a token for the hub is valid. A day: the hub cuts a session when its token runs out, each new session costs
 * a handshake and a twin, and a clock that is some hours behind must not make a token that has already expired. The key
 * that signs it lies on the same device, so a shorter life would protect nothing more.
 */
export const tokenLifetimeMs = 86_400_000;

/**
 * What the SDK's transport authenticates one session with. A token is signed once and never renewed by the SDK, whose
 * renewal reconnects behind the session's back (azure-node-sdk.md 2): the session is replaced in time instead.
 */
export function hubAuthentication(
  assignment: Assignment,
  credential: Credential,
  clock: Clock,
): AuthenticationProvider {
  const { assignedHub, deviceId } = assignment;
  if (credential.method === 'x509') {
    const x509 = { cert: credential.certificate, key: credential.privateKey.reveal() };
    return X509AuthenticationProvider.fromX509Options(deviceId, assignedHub, x509);
  }
  return SharedAccessSignatureAuthenticationProvider.fromSharedAccessSignature(
    hubToken(assignment, credential.key, clock),
  );
}

/** A token that lets the device speak to its hub, for `tokenLifetimeMs` from now. */
export function hubToken({ assignedHub, deviceId }: Assignment, key: Secret, clock: Clock): string {
  const expiresAt = Math.floor((clock.now().getTime() + tokenLifetimeMs) / 1000);
  const resource = encodeURIComponent(`${assignedHub}/devices/${deviceId}`);
  // A device's own key has no policy name, which the SDK's types do not know.
  const noPolicy = null as unknown as string;
  return SharedAccessSignature.create(resource, noPolicy, key.reveal(), expiresAt).toString();
}
