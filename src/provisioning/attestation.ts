import { join } from 'node:path';
import type { AttestationConfig } from '../config/attestation-schema.ts';
import type { IdentityFiles } from '../config/identity-files.ts';
import type { ManualIdentity } from '../config/manual-schema.ts';
import type { Attestation } from './credential.ts';

/** The attestation as configured; where EST provides the certificate, it is in the files of `estFiles`. */
export function attestationOf(
  configured: AttestationConfig | ManualIdentity,
  stateDirectory: string,
): Attestation {
  if (configured.method !== 'x509' || 'deviceId' in configured) return configured;
  const { primary } = configured;
  return { ...configured, primary: primary.kind === 'est' ? estFiles(stateDirectory) : primary };
}

/** Where the agent keeps the certificate that it got by EST, and the key it made for it. */
export function estFiles(stateDirectory: string): IdentityFiles {
  return {
    kind: 'files',
    certificate: join(stateDirectory, 'est', 'identity.pem'),
    privateKey: join(stateDirectory, 'est', 'identity.key.pem'),
  };
}
