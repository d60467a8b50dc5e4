import type { Clock } from '../lib/clock.ts';
import type { JsonObject } from '../lib/json.ts';
import type { Secret } from '../lib/secret.ts';
import type { LogLevel } from '../log-areas.ts';
import type { TaskContext, TaskRecord, Tasks } from '../tasks/task.ts';
import type { FileUploads, UploadOptions, UploadProgress } from './file-uploads.ts';
import { gzipped } from './gzipped.ts';
import type { JournalFilter } from './journal.ts';
import type { Scrubber } from './scrubber.ts';

/** Where a file is to go: to the blob of a SAS URL, or through the hub under a name; without either, a name is made up. */
export interface Destination {
  readonly sasUrl?: Secret | undefined;
  readonly blobName?: string | undefined;
}

export interface LogRequest extends Destination {
  /** By the wall clock, in milliseconds since 1970. */
  readonly sinceMs?: number | undefined;
  readonly untilMs?: number | undefined;
  readonly level?: LogLevel | undefined;
  /** The lines in memory, or systemd's journal, which has those of earlier runs too. */
  readonly source: 'ring' | 'journal';
}

export interface UploadJobsOptions {
  readonly tasks: Tasks;
  /** Throws a CloudError when there is no way yet. */
  readonly uploads: () => FileUploads;
  /** The lines in memory, oldest first. */
  readonly ring: { lines(filter: JournalFilter): Iterable<string> };
  readonly journal: (filter: JournalFilter) => AsyncIterable<string>;
  readonly makeBundle: () => AsyncIterable<Buffer>;
  /** With the secrets known at the time. */
  readonly scrubber: () => Scrubber | Promise<Scrubber>;
  readonly clock: Pick<Clock, 'now'>;
}

/** Files for whoever looks after the device from afar, each uploaded by a task. */
export class UploadJobs {
  readonly #options: UploadJobsOptions;

  constructor(options: UploadJobsOptions) {
    this.#options = options;
  }

  /** Log lines as NDJSON, gzipped. Rejects with TASK-FULL. */
  logs(request: LogRequest): Promise<TaskRecord> {
    const destination = this.#named(request, 'logs/', '.ndjson.gz');
    return this.#options.tasks.start('uploadLogs', (task) =>
      this.#upload(destination, gzipped(this.#lines(request)), task),
    );
  }

  /** Rejects with TASK-FULL. */
  supportBundle(request: Destination): Promise<TaskRecord> {
    const destination = this.#named(request, 'support/', '.tar.gz');
    return this.#options.tasks.start('uploadSupportBundle', (task) =>
      this.#upload(destination, this.#options.makeBundle(), task),
    );
  }

  async *#lines({ source, sinceMs, untilMs, level }: LogRequest): AsyncGenerator<string, void, undefined> {
    const { ring, journal } = this.#options;
    const scrubber = await this.#options.scrubber();
    const filter = { sinceMs, untilMs, level };
    const lines = source === 'journal' ? journal(filter) : ring.lines(filter);
    for await (const line of lines) yield `${scrubber.scrub(line)}\n`;
  }

  #named(request: Destination, folder: string, suffix: string): Destination {
    if (request.sasUrl !== undefined || request.blobName !== undefined) return request;
    const time = this.#options.clock
      .now()
      .toISOString()
      .replaceAll(/[-:]|\.\d+/g, '');
    return { blobName: `${folder}${time}${suffix}` };
  }

  async #upload(
    { sasUrl, blobName = '' }: Destination,
    content: AsyncIterable<Buffer>,
    { signal, progress }: TaskContext,
  ): Promise<JsonObject> {
    const uploads = this.#options.uploads();
    const onProgress = (now: UploadProgress): void => {
      progress({ ...now });
    };
    const options: UploadOptions = { contentType: 'application/gzip', signal, onProgress };
    const file =
      sasUrl === undefined
        ? await uploads.upload(blobName, content, undefined, options)
        : await uploads.uploadTo(sasUrl, content, undefined, options);
    return { ...file };
  }
}
