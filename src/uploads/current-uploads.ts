import { CloudError } from '../cloud-error.ts';
import type { FileUploads } from './file-uploads.ts';

/** Where files go: by the hub and with the credential of the last session, whether or not that lasts. */
export class CurrentUploads {
  #uploads: FileUploads | undefined;

  use(uploads: FileUploads): void {
    this.#uploads = uploads;
  }

  /** Throws UPLOAD-OFFLINE before the first session. */
  current(): FileUploads {
    if (this.#uploads === undefined) throw new CloudError('UPLOAD-OFFLINE', 'upload a file');
    return this.#uploads;
  }
}
