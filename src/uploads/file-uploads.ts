import type { Secret } from '../lib/secret.ts';

/** How far an upload has come. */
export interface UploadProgress {
  readonly sentBytes: number;
  /** As far as it is known in advance. */
  readonly totalBytes?: number | undefined;
}

export interface UploadOptions {
  readonly contentType: string;
  readonly signal: AbortSignal;
  /** Called when a part has arrived. */
  readonly onProgress?: (progress: UploadProgress) => void;
}

export interface UploadedFile {
  /** Without the container; the hub puts the device's ID and a slash before the name. */
  readonly blobName: string;
  readonly bytes: number;
}

/** Takes files to the cloud. The content is read once, as it is sent, and never held as a whole. */
export interface FileUploads {
  /**
   * To where the hub says (protocol.md 3.9), which is told how it ended. Rejects with a CloudError, with what `content`
   * threw, or with the signal's reason.
   * @param name up to 800 characters; a slash makes folders
   * @param sizeBytes only for the progress
   */
  upload(
    name: string,
    content: AsyncIterable<Uint8Array>,
    sizeBytes: number | undefined,
    options: UploadOptions,
  ): Promise<UploadedFile>;
  /** To the blob with this SAS URL, past the hub; otherwise the same. */
  uploadTo(
    url: Secret,
    content: AsyncIterable<Uint8Array>,
    sizeBytes: number | undefined,
    options: UploadOptions,
  ): Promise<UploadedFile>;
}
