import { randomBytes } from 'node:crypto';
import * as v from 'valibot';
import type { Clock } from '../lib/clock.ts';
import { container } from './blob-store.ts';
import type { BlobStore } from './blob-store.ts';
import { parseInput } from './input.ts';
import { Journal } from './journal.ts';
import type { JsonValue } from './json.ts';
import { ServiceError } from './service-error.ts';
import { serviceTime } from './timestamp.ts';

/** A file upload that has begun, or how its device says that it ended. */
export interface FileUploadRecord {
  readonly sequence: number;
  readonly time: string;
  readonly hub: string;
  readonly device: string;
  readonly correlationId: string;
  readonly step: 'begin' | 'finish';
  /** With the device's ID before it, as it is in the container. */
  readonly blobName: string;
  readonly isSuccess?: boolean;
  readonly statusCode?: number | undefined;
  readonly statusDescription?: string | undefined;
}

/** What a device needs for the upload itself (protocol.md 3.9). */
export interface UploadGrant {
  readonly correlationId: string;
  readonly hostName: string;
  readonly containerName: string;
  readonly blobName: string;
  readonly sasToken: string;
}

interface ActiveUpload {
  readonly hub: string;
  readonly device: string;
  readonly blobName: string;
  readonly expiresAtMs: number;
}

/** protocol.md 3.9 */
const maxActivePerDevice = 10;
const grantSeconds = 3600;
const maxRecords = 1000;

const beginSchema = v.object({ blobName: v.pipe(v.string(), v.nonEmpty(), v.maxLength(1024)) });
const finishSchema = v.object({
  correlationId: v.optional(v.string()),
  isSuccess: v.boolean(),
  statusCode: v.optional(v.number()),
  statusDescription: v.optional(v.string()),
});

/** File uploads of all hubs' devices: each is begun at its hub, brought to the blobs, and told to be over. */
export class FileUploads {
  readonly journal = new Journal<FileUploadRecord>({
    maxItems: maxRecords,
    maxBytes: Infinity,
    bytesOf: () => 0,
  });
  readonly #blobs: BlobStore;
  readonly #clock: Clock;
  readonly #active = new Map<string, ActiveUpload>();
  #sequence = 0;

  constructor(blobs: BlobStore, clock: Clock) {
    this.#blobs = blobs;
    this.#clock = clock;
  }

  /** Throws a ServiceError: 400 without a name, 403006 when the device has too many uploads under way. */
  begin(hub: string, device: string, body: JsonValue | undefined): UploadGrant {
    const { blobName: name } = parseInput(beginSchema, body, 'the file upload');
    const nowMs = this.#clock.now().getTime();
    for (const [id, { expiresAtMs }] of this.#active) if (expiresAtMs <= nowMs) this.#active.delete(id);
    const own = [...this.#active.values()].filter((upload) => upload.hub === hub && upload.device === device);
    if (own.length >= maxActivePerDevice) {
      const message = `cannot begin more than ${maxActivePerDevice} file uploads of ${device} at a time`;
      throw new ServiceError('DeviceMaximumActiveFileUploadLimitExceeded', message);
    }
    const correlationId = randomBytes(24).toString('base64url');
    const blobName = `${device}/${name}`;
    const expiresAtMs = nowMs + grantSeconds * 1000;
    this.#active.set(correlationId, { hub, device, blobName, expiresAtMs });
    this.#record({ hub, device, correlationId, step: 'begin', blobName });
    const sasToken = this.#blobs.grant(blobName, grantSeconds);
    return { correlationId, hostName: hub, containerName: container, blobName, sasToken };
  }

  /** Throws a ServiceError: 400 for a body that makes no sense, 404 for an upload that is not under way. */
  finish(hub: string, device: string, body: JsonValue | undefined, inPath?: string): void {
    const { correlationId = inPath ?? '', ...outcome } = parseInput(finishSchema, body, 'the notification');
    const active = this.#active.get(correlationId);
    if (active?.hub !== hub || active.device !== device)
      throw new ServiceError('NotFound', `cannot find the file upload ${correlationId} of ${device}`);
    this.#active.delete(correlationId);
    this.#record({ hub, device, correlationId, step: 'finish', blobName: active.blobName, ...outcome });
  }

  #record(record: Omit<FileUploadRecord, 'sequence' | 'time'>): void {
    this.journal.push({ sequence: ++this.#sequence, time: serviceTime(this.#clock.now()), ...record });
  }
}
