import { dirname, join } from 'node:path';
import { bodyText } from '../message.ts';
import type { MessageContent, TelemetryMessage } from '../message.ts';
import type { QueueFile, QueueFiles } from './queue-files.ts';
import { recordedMs } from './record.ts';

const maxBytes = 1_048_576;

export interface DeadLetter {
  /** One that was never taken in has no ID. */
  readonly message: MessageContent & Pick<TelemetryMessage, 'priority'> & { readonly messageId?: string };
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

  /** Resolves with the bytes written once a power cut costs them no more. */
  async append(letter: DeadLetter): Promise<number> {
    const line = Buffer.from(`${lineOf(letter)}\n`);
    if (!(await this.#writeIfItFits(line))) {
      await this.#files.rename(this.#path, `${this.#path}.1`);
      await this.#writeIfItFits(line);
    }
    await this.#files.syncDirectory(dirname(this.#path));
    return line.length;
  }

  /** Writes the line unless the file would become too long. */
  async #writeIfItFits(line: Buffer): Promise<boolean> {
    const file = await this.#files.open(this.#path, 'edit');
    try {
      const bytes = await file.size();
      if (bytes > 0 && bytes + line.length >= maxBytes) return false;
      await file.write((await endsWithinLine(file, bytes)) ? Buffer.concat([newline, line]) : line, bytes);
      await file.sync();
      return true;
    } finally {
      await file.close();
    }
  }
}

const newline = Buffer.from('\n');

/** A full disk or a power cut may have cut the last line short: the next does not go on in it. */
async function endsWithinLine(file: QueueFile, bytes: number): Promise<boolean> {
  return bytes > 0 && !(await file.read(1, bytes - 1)).equals(newline);
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
