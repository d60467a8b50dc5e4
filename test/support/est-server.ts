import { X509Certificate, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import '../../src/certificates/reflect-metadata.ts';
import * as x509 from '@peculiar/x509';
import {
  createAuthority,
  createDeviceCertificate,
  createServerCertificate,
} from '../../src/certificates/certificate.ts';
import type { Credential, Validity } from '../../src/certificates/certificate.ts';
import { generateKeyPair, importKeyPair } from '../../src/certificates/key-pair.ts';
import type { Scratch } from './scratch.ts';
import { keepSecret } from './test-logs.ts';

export const estUser = { username: 'gateway', password: 'correct horse battery staple' };
const dayMs = 86_400_000;

export interface EstRequest {
  readonly operation: string;
  readonly status: number;
  /** Common name of the certificate that proved the device, if one did. */
  readonly provedBy?: string | undefined;
  /** SHA-256 of the public key in the CSR, hexadecimal. */
  readonly csrKey?: string | undefined;
}

/** What the server does wrong, until the test sets it right. */
export interface EstFaults {
  /** Breaks every connection before TLS begins. */
  down?: boolean | undefined;
  /** Answers every enrollment with this status. */
  status?: number | undefined;
  /** The Retry-After of such an answer, and of a 202. */
  retryAfter?: string | undefined;
  /** Answers everything with these bytes as they are. */
  body?: string | undefined;
  /** Never answers. */
  silent?: boolean | undefined;
  commonName?: string | undefined;
  validity?: Validity | undefined;
  /** Certifies a key of its own instead of the device's. */
  otherKey?: boolean | undefined;
  /** Signs with an authority that cacerts does not have. */
  stranger?: boolean | undefined;
}

/**
 * An EST server (RFC 7030) with an authority of two levels. It verifies what it is shown: the password, or the client
 * certificate's signature and validity, and the CSR's own signature; it issues from `notBefore` = its clock's now.
 */
export class EstServer {
  faults: EstFaults = {};
  lifetimeMs = 100 * dayMs;
  readonly requests: EstRequest[] = [];
  readonly url: string;
  /** Path of the certificate by which to trust the server. */
  readonly caFile: string;
  readonly #root: Credential;
  readonly #issuing: Credential;
  readonly #folder: string;
  readonly #now: () => Date;

  private constructor(made: {
    url: string;
    caFile: string;
    root: Credential;
    issuing: Credential;
    folder: string;
    now: () => Date;
  }) {
    this.url = made.url;
    this.caFile = made.caFile;
    this.#root = made.root;
    this.#issuing = made.issuing;
    this.#folder = made.folder;
    this.#now = made.now;
  }

  static async start(scratch: Scratch, now: () => Date = () => new Date()): Promise<EstServer> {
    keepSecret(estUser.password);
    const folder = await scratch.folder();
    const validity = around(new Date());
    const root = await createAuthority({ commonName: 'EST root', validity });
    const issuing = await createAuthority({ commonName: 'EST issuing', validity, issuer: root });
    const tls = await createServerCertificate({
      commonName: 'localhost',
      validity,
      names: ['localhost'],
      issuer: root,
    });
    const caFile = join(folder, 'est-ca.pem');
    await writeFile(caFile, root.certificatePem);

    const server = createServer({
      cert: tls.certificatePem,
      key: tls.privateKeyPem,
      requestCert: true,
      // Verified below, by the test's clock, so that a refusal is an answer and no broken connection.
      rejectUnauthorized: false,
    });
    const port = await listen(server, scratch);
    const est = new EstServer({ url: `https://localhost:${port}`, caFile, root, issuing, folder, now });
    server.on('connection', (socket: Socket) => {
      if (est.faults.down === true) socket.destroy();
    });
    server.on('request', (request, response) => {
      est.#answer(request, response).catch((error: unknown) => {
        response.destroy(error as Error);
      });
    });
    return est;
  }

  /** Files of a certificate that this server takes for a first enrollment. */
  async bootstrapFiles(
    commonName = 'factory',
    validity = around(this.#now()),
  ): Promise<{ certificate: string; privateKey: string }> {
    const made = await createDeviceCertificate({ commonName, validity, issuer: this.#issuing });
    keepSecret(made.privateKeyPem);
    const files = {
      certificate: join(this.#folder, `${commonName}.pem`),
      privateKey: join(this.#folder, `${commonName}.key`),
    };
    await writeFile(files.certificate, made.certificatePem);
    await writeFile(files.privateKey, made.privateKeyPem, { mode: 0o600 });
    return files;
  }

  /** How often each operation was asked for, as `simpleenroll 200`. */
  get asked(): string[] {
    return this.requests
      .filter(({ operation }) => operation !== 'cacerts')
      .map(({ operation, status }) => `${operation} ${status}`);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    if (this.faults.silent === true) return;
    const operation = (request.url ?? '').replace('/.well-known/est/', '');
    const outcome = await this.#perform(operation, request, body);
    this.requests.push(outcome);
    response.statusCode = outcome.status;
    response.setHeader('Content-Type', 'application/pkcs7-mime; smime-type=certs-only');
    response.setHeader('Content-Transfer-Encoding', 'base64');
    response.setHeader('Connection', 'close');
    if (this.faults.retryAfter !== undefined) response.setHeader('Retry-After', this.faults.retryAfter);
    response.end(this.faults.body ?? outcome.body);
  }

  async #perform(
    operation: string,
    request: IncomingMessage,
    body: string,
  ): Promise<EstRequest & { readonly body: string }> {
    if (operation === 'cacerts')
      return {
        operation,
        status: 200,
        body: pkcs7([this.#issuing.certificatePem, this.#root.certificatePem]),
      };
    const shown = this.#verifiedClient(request);
    const provedBy = shown?.subject.replace(/^CN=/, '');
    const csr = new x509.Pkcs10CertificateRequest(Buffer.from(body, 'base64'));
    if (!(await csr.verify())) return { operation, status: 400, body: 'the CSR is not signed by its key' };
    const csrKey = Buffer.from(await csr.publicKey.getThumbprint('SHA-256')).toString('hex');
    const known = { operation, provedBy, csrKey };
    const mayEnroll =
      operation === 'simpleenroll'
        ? shown !== undefined || hasPassword(request)
        : shown !== undefined && csr.subject === new x509.X509Certificate(shown.raw).subject;
    if (!mayEnroll) return { ...known, status: 401, body: 'not with these credentials' };
    if (this.faults.status !== undefined) return { ...known, status: this.faults.status, body: 'as told' };
    return { ...known, status: 200, body: pkcs7([await this.#issue(csr)]) };
  }

  /** The client's certificate, if this server's authority has signed it and it is valid by the server's clock. */
  #verifiedClient(request: IncomingMessage): X509Certificate | undefined {
    const { socket } = request;
    if (!(socket instanceof TLSSocket)) return undefined;
    const { raw } = socket.getPeerCertificate() as { raw?: Buffer };
    if (raw === undefined) return undefined;
    const certificate = new X509Certificate(raw);
    const now = this.#now();
    const isOurs = certificate.verify(new X509Certificate(this.#issuing.certificatePem).publicKey);
    const isValid = now >= new Date(certificate.validFrom) && now <= new Date(certificate.validTo);
    return isOurs && isValid ? certificate : undefined;
  }

  async #issue(csr: x509.Pkcs10CertificateRequest): Promise<string> {
    const { faults } = this;
    const issuing =
      faults.stranger === true
        ? await createAuthority({ commonName: 'EST issuing', validity: around(this.#now()) })
        : this.#issuing;
    const now = this.#now();
    const validity = faults.validity ?? {
      notBefore: now,
      notAfter: new Date(now.getTime() + this.lifetimeMs),
    };
    const keys = await importKeyPair(issuing.privateKeyPem);
    const certificate = await x509.X509CertificateGenerator.create({
      subject: faults.commonName === undefined ? csr.subjectName.toJSON() : [{ CN: [faults.commonName] }],
      issuer: new x509.X509Certificate(issuing.certificatePem).subjectName.toJSON(),
      ...validity,
      publicKey: faults.otherKey === true ? (await generateKeyPair()).publicKey : csr.publicKey,
      signingKey: keys.privateKey,
      signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
      extensions: csr.extensions,
    });
    return certificate.toString('pem');
  }
}

function around(now: Date): Validity {
  return {
    notBefore: new Date(now.getTime() - dayMs),
    notAfter: new Date(now.getTime() + 3650 * dayMs),
  };
}

async function listen(server: Server, scratch: Scratch): Promise<number> {
  server.listen(0, 'localhost');
  await once(server, 'listening');
  scratch.defer(async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  });
  return (server.address() as AddressInfo).port;
}

function hasPassword({ headers }: IncomingMessage): boolean {
  const wanted = Buffer.from(`${estUser.username}:${estUser.password}`).toString('base64');
  const given = Buffer.from(headers.authorization ?? '');
  const expected = Buffer.from(`Basic ${wanted}`);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function pkcs7(pems: readonly string[]): string {
  const certificates = new x509.X509Certificates(pems.map((pem) => new x509.X509Certificate(pem)));
  return Buffer.from(certificates.export('raw'))
    .toString('base64')
    .replace(/(.{64})/g, '$1\r\n');
}

async function text(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('latin1');
}
