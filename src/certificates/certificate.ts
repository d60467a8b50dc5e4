import { isIP } from 'node:net';
import './reflect-metadata.ts';
import * as x509 from '@peculiar/x509';
import { generateKeyPair, importKeyPair } from './key-pair.ts';
import type { KeyPair } from './key-pair.ts';

/** A certificate and its private key, both PEM (the key as PKCS#8, unencrypted). */
export interface Credential {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

/** When a certificate is valid: both ends inclusive, seconds precision. */
export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

export interface CertificateRequest {
  readonly commonName: string;
  /** Stands before the common name in the subject. */
  readonly organization?: string;
  readonly validity: Validity;
  /** Who signs. Without it the certificate signs itself. */
  readonly issuer?: Credential;
}

export interface AuthorityRequest extends CertificateRequest {
  /** How many further CA certificates may stand below this one; without it, any number. */
  readonly pathLength?: number;
}

export interface ServerRequest extends CertificateRequest {
  /** DNS names and IP addresses for the subject alternative name. */
  readonly names: readonly string[];
}

/** A certificate authority: a root without an issuer, an intermediate with one. */
export async function createAuthority(request: AuthorityRequest): Promise<Credential> {
  return await issue(request, [
    new x509.BasicConstraintsExtension(true, request.pathLength, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
  ]);
}

/** A TLS client certificate; its common name is the registration ID (and the device ID at a hub). */
export async function createDeviceCertificate(request: CertificateRequest): Promise<Credential> {
  return await issue(request, endEntity(x509.ExtendedKeyUsage.clientAuth));
}

/** A TLS server certificate for the given names. */
export async function createServerCertificate(request: ServerRequest): Promise<Credential> {
  const names = request.names.map((value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value }) as const);
  return await issue(request, [
    ...endEntity(x509.ExtendedKeyUsage.serverAuth),
    new x509.SubjectAlternativeNameExtension(names),
  ]);
}

function endEntity(usage: x509.ExtendedKeyUsage): x509.Extension[] {
  return [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension([usage]),
  ];
}

async function issue(request: CertificateRequest, extensions: x509.Extension[]): Promise<Credential> {
  const keys = await generateKeyPair();
  const subject = subjectOf(request);
  const signer = await signerOf(request, keys, subject);
  const certificate = await x509.X509CertificateGenerator.create({
    subject,
    issuer: signer.name,
    notBefore: request.validity.notBefore,
    notAfter: request.validity.notAfter,
    publicKey: keys.publicKey,
    signingKey: signer.keys.privateKey,
    signingAlgorithm: { name: signer.keys.privateKey.algorithm.name, hash: 'SHA-256' },
    extensions: [
      ...extensions,
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(signer.keys.publicKey),
    ],
  });
  return { certificatePem: `${certificate.toString('pem')}\n`, privateKeyPem: keys.privateKeyPem };
}

function subjectOf({ organization, commonName }: CertificateRequest): x509.JsonName {
  const name = { CN: [commonName] };
  return organization === undefined ? [name] : [{ O: [organization] }, name];
}

interface Signer {
  readonly name: x509.Name | x509.JsonName;
  readonly keys: KeyPair;
}

async function signerOf(request: CertificateRequest, own: KeyPair, subject: x509.JsonName): Promise<Signer> {
  if (request.issuer === undefined) return { name: subject, keys: own };
  const certificate = new x509.X509Certificate(request.issuer.certificatePem);
  return { name: certificate.subjectName.toJSON(), keys: await importKeyPair(request.issuer.privateKeyPem) };
}
