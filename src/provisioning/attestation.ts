import { join } from 'node:path';
import type { AttestationConfig } from '../config/attestation-schema.ts';
import type { IdentityFiles } from '../config/identity-files.ts';
import type { ManualIdentity } from '../config/manual-schema.ts';
import type { Attestation } from './credential.ts';

/** The attestation as configured; a certificate by EST is where the agent keeps it. */
export function attestationOf(
  configured: AttestationConfig | ManualIdentity,
  stateDirectory: string,
): Attestation {
  if (configured.method !== 'x509' || 'deviceId' in configured) return configured;
  const { primary } = configured;
  return { ...configured, primary: primary.kind === 'est' ? estFiles(stateDirectory) : primary };
}

/** Where the agent keeps what it gets by EST (`IdentityStore`). */
export function estDirectory(stateDirectory: string): string {
  return join(stateDirectory, 'est');
}

/** Certificate and key share one file there, so that they cannot be torn apart. */
function estFiles(stateDirectory: string): IdentityFiles {
  const path = join(estDirectory(stateDirectory), 'identity.pem');
  return { kind: 'files', certificate: path, privateKey: path };
}
