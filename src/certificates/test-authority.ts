import { createAuthority, createDeviceCertificate } from './certificate.ts';
import type { Credential, Validity } from './certificate.ts';

/** In the subject of everything made here, so that nobody takes it for more than it is. */
export const testOrganization = 'dps-agent test certificate, not for production';

/** A certificate authority for trying X.509 out. */
export interface TestAuthority {
  readonly root: Credential;
  /** From the one that the root signed to the one that signs devices. */
  readonly intermediates: readonly Credential[];
}

export interface TestAuthorityRequest {
  readonly name: string;
  /** How many certificates stand between the root and a device's. */
  readonly intermediates: number;
  readonly validity: Validity;
}

/** A root and, one below the other, its intermediates, none of which may sign more authorities than planned. */
export async function createTestAuthority(request: TestAuthorityRequest): Promise<TestAuthority> {
  const { name, intermediates: count, validity } = request;
  const subject = { organization: testOrganization, validity };
  const root = await createAuthority({ ...subject, commonName: name, pathLength: count });
  const intermediates: Credential[] = [];
  for (let number = 1; number <= count; number += 1) {
    const issuer = intermediates.at(-1) ?? root;
    const commonName = `${name} intermediate ${number}`;
    intermediates.push(await createAuthority({ ...subject, commonName, pathLength: count - number, issuer }));
  }
  return { root, intermediates };
}

/** A device's certificate, followed by the intermediates it must show; without an authority it signs itself. */
export async function createTestDevice(
  registrationId: string,
  validity: Validity,
  authority: TestAuthority | undefined,
): Promise<Credential> {
  const issuer = authority && (authority.intermediates.at(-1) ?? authority.root);
  const leaf = await createDeviceCertificate({
    commonName: registrationId,
    organization: testOrganization,
    validity,
    ...(issuer === undefined ? {} : { issuer }),
  });
  const shown = [...(authority?.intermediates ?? [])].reverse().map(({ certificatePem }) => certificatePem);
  return { ...leaf, certificatePem: [leaf.certificatePem, ...shown].join('') };
}
