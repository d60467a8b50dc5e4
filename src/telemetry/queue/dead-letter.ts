import { join } from 'node:path';
import { bodyText } from '../message.ts';
import type { TelemetryMessage } from '../message.ts';
import type { QueueFiles } from './queue-files.ts';
import { recordedMs } from './record.ts';

const maxBytes = 1_048_576;

export interface DeadLetter {
  readonly message: TelemetryMessage;
  readonly why: string;
  readonly whenMs: number;
}

/** The file of messages that the hub will never take, for a person to look at; full, it becomes the older one. */
export class DeadLetterFile {
  readonly #files: QueueFiles;
  readonly #path: string;

  constructor(files: QueueFiles, directory: string) {
    this.#files = files;
    this.#path = join(directory, 'dead-letter.ndjson');
  }

  /** Resolves with the bytes written. */
  async append(letters: readonly DeadLetter[]): Promise<number> {
    let written = 0;
    for (const letter of letters) written += await this.#append(Buffer.from(`${lineOf(letter)}\n`));
    return written;
  }

  async #append(line: Buffer): Promise<number> {
    if (!(await this.#writeIfItFits(line))) {
      await this.#files.rename(this.#path, `${this.#path}.1`);
      await this.#writeIfItFits(line);
    }
    return line.length;
  }

  /** Writes the line unless the file would become too long. */
  async #writeIfItFits(line: Buffer): Promise<boolean> {
    const file = await this.#files.open(this.#path, 'edit');
    try {
      const bytes = await file.size();
      if (bytes > 0 && bytes + line.length > maxBytes) return false;
      await file.write(line, bytes);
      return true;
    } finally {
      await file.close();
    }
  }
}

function lineOf({ message, why, whenMs }: DeadLetter): string {
  const { messageId, priority, input, component, createdAtMs, contentType, contentEncoding, properties } =
    message;
  const body = bodyText(message);
  return JSON.stringify({
    why,
    at: new Date(whenMs).toISOString(),
    messageId,
    priority,
    input,
    component,
    createdAt: new Date(recordedMs(createdAtMs)).toISOString(),
    contentType,
    contentEncoding,
    properties,
    ...(body === undefined ? { bodyBase64: message.body.toString('base64') } : { body }),
  });
}
