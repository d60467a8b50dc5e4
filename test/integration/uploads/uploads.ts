import { randomBytes } from 'node:crypto';
import { AzureFileUploads } from '../../../src/azure/file-upload.ts';
import type { UploadLimits } from '../../../src/azure/file-upload.ts';
import type { Proxy } from '../../../src/azure/proxy-tunnel.ts';
import { SecureContexts } from '../../../src/azure/secure-contexts.ts';
import { WireBytes } from '../../../src/azure/wire-bytes.ts';
import { createDeviceCertificate } from '../../../src/certificates/certificate.ts';
import { thumbprintsOf } from '../../../src/certificates/thumbprint.ts';
import { SystemClock } from '../../../src/lib/clock.ts';
import { Secret } from '../../../src/lib/secret.ts';
import type { Credential } from '../../../src/provisioning/credential.ts';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import type { FileUploads, UploadOptions, UploadProgress } from '../../../src/uploads/file-uploads.ts';
import { RecordingLog } from '../../fakes/recording-log.ts';
import { validNow } from '../../support/certificate-files.ts';
import { newKey } from '../../support/simulator.ts';

export const soon = (): AbortSignal => AbortSignal.timeout(10_000);

export interface Uploader {
  readonly uploads: FileUploads;
  readonly wire: WireBytes;
  readonly log: RecordingLog;
  readonly progress: UploadProgress[];
  readonly options: UploadOptions;
}

export interface UploaderOptions {
  readonly method?: Credential['method'];
  readonly proxy?: Proxy;
  readonly limits?: Partial<UploadLimits>;
  readonly ca?: string;
  readonly signal?: AbortSignal;
  readonly requestTimeoutMs?: number;
}

/** What uploads files as the device gw-1, in small blocks and with short waits. */
export async function uploaderFor(simulator: Simulator, options: UploaderOptions = {}): Promise<Uploader> {
  const { method = 'symmetric_key', proxy, limits, ca = simulator.caPem } = options;
  const [wire, log, progress] = [new WireBytes(), new RecordingLog(), [] as UploadProgress[]];
  const uploads = new AzureFileUploads(
    {
      contexts: new SecureContexts([ca]),
      route: () => ({ noProxy: [], proxy: proxy && (() => Promise.resolve(proxy)) }),
      wire,
      clock: new SystemClock(),
      random: Math.random,
      log,
      requestTimeoutMs: options.requestTimeoutMs ?? 5000,
      limits: { blockBytes: 1000, again: { initialMs: 1, maximumMs: 20, attempts: 4 }, ...limits },
    },
    { assignedHub: simulator.hubs[0]?.name ?? '', deviceId: 'gw-1', assignedAt: '2026-11-22T09:00:00Z' },
    await credentialAt(simulator, method),
  );
  const onProgress = (now: UploadProgress): void => {
    progress.push(now);
  };
  const signal = options.signal ?? soon();
  return { uploads, wire, log, progress, options: { contentType: 'text/plain', signal, onProgress } };
}

async function credentialAt(simulator: Simulator, method: Credential['method']): Promise<Credential> {
  const shared = { name: 'primary', registrationId: 'gw-1' } as const;
  if (method === 'symmetric_key') {
    const key = newKey();
    const symmetricKey = { primaryKey: key, secondaryKey: newKey() };
    simulator.registry.putDevice('gw-1', { authentication: { symmetricKey } });
    return { ...shared, method, key: new Secret(key) };
  }
  const leaf = await createDeviceCertificate({ commonName: 'gw-1', validity: validNow() });
  const primaryThumbprint = thumbprintsOf(leaf.certificatePem).sha256;
  simulator.registry.putDevice('gw-1', {
    authentication: { type: 'selfSigned', x509Thumbprint: { primaryThumbprint } },
  });
  return { ...shared, method, certificate: leaf.certificatePem, privateKey: new Secret(leaf.privateKeyPem) };
}

/** So many random bytes, in chunks that are no multiples of anything. */
export function someContent(bytes: number): { readonly all: Buffer; readonly chunks: AsyncIterable<Buffer> } {
  const all = randomBytes(bytes);
  return { all, chunks: inChunks(all) };
}

async function* inChunks(all: Buffer): AsyncGenerator<Buffer, void, undefined> {
  for (let start = 0; start < all.length; start += 337) {
    await Promise.resolve();
    yield all.subarray(start, start + 337);
  }
}
