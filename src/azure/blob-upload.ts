import { CloudError } from '../cloud-error.ts';
import type { UploadProgress } from '../uploads/file-uploads.ts';
import { again } from './again.ts';
import type { AgainSurroundings } from './again.ts';
import { blocksOf } from './blocks.ts';
import type { HttpsAnswer, HttpsLine } from './https-line.ts';
import { answerInWords, retryAfterMsOf } from './https-answer.ts';

export interface BlobUpload extends AgainSurroundings {
  readonly line: HttpsLine;
  readonly host: string;
  /** Path and query of the blob's SAS URL. */
  readonly path: string;
  readonly content: AsyncIterable<Uint8Array>;
  readonly sizeBytes: number | undefined;
  readonly contentType: string;
  readonly blockBytes: number;
  readonly onProgress: (progress: UploadProgress) => void;
}

const version = { 'x-ms-version': '2019-12-12' };

/**
 * Puts a blob: what fits into one block at once, more in blocks and then their list, each tried again by itself. Resolves
 * with how many bytes it has.
 */
export async function uploadBlob(upload: BlobUpload, signal: AbortSignal): Promise<number> {
  const blocks = blocksOf(upload.content, upload.blockBytes);
  try {
    const [first, second] = [await blocks.next(), await blocks.next()];
    const head = first.done === true ? Buffer.alloc(0) : first.value;
    if (second.done === true) return await putWhole(upload, head, signal);
    return await putInBlocks(upload, [head, second.value], blocks, signal);
  } finally {
    // Whatever makes the content ends with the upload.
    await blocks.return();
  }
}

async function putWhole(upload: BlobUpload, content: Buffer, signal: AbortSignal): Promise<number> {
  const headers = { 'x-ms-blob-type': 'BlockBlob', 'x-ms-blob-content-type': upload.contentType };
  await put(upload, '', headers, content, signal);
  tellProgress(upload, content.length);
  return content.length;
}

async function putInBlocks(
  upload: BlobUpload,
  begin: readonly Buffer[],
  rest: AsyncIterable<Buffer>,
  signal: AbortSignal,
): Promise<number> {
  const ids: string[] = [];
  let sentBytes = 0;
  const putBlock = async (block: Buffer): Promise<void> => {
    const id = blockId(ids.length);
    ids.push(id);
    await put(upload, `&comp=block&blockid=${encodeURIComponent(id)}`, {}, block, signal);
    sentBytes += block.length;
    tellProgress(upload, sentBytes);
  };
  for (const block of begin) await putBlock(block);
  for await (const block of rest) await putBlock(block);
  const entries = ids.map((id) => `<Latest>${id}</Latest>`).join('');
  const list = `<?xml version="1.0" encoding="utf-8"?><BlockList>${entries}</BlockList>`;
  await put(upload, '&comp=blocklist', { 'x-ms-blob-content-type': upload.contentType }, list, signal);
  return sentBytes;
}

/** All of the same length, as they have to be. */
function blockId(index: number): string {
  return Buffer.from(`block-${String(index).padStart(6, '0')}`).toString('base64');
}

function tellProgress({ onProgress, sizeBytes }: BlobUpload, sentBytes: number): void {
  onProgress({ sentBytes, ...(sizeBytes === undefined ? {} : { totalBytes: sizeBytes }) });
}

async function put(
  upload: BlobUpload,
  query: string,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array | string,
  signal: AbortSignal,
): Promise<void> {
  const { line, host, path } = upload;
  const doing = `upload to ${host}`;
  const separator = path.includes('?') ? '' : '?';
  const request = {
    method: 'PUT',
    path: path + separator + query,
    headers: { ...version, ...headers },
    body,
    doing,
  } as const;
  await again(
    async () => {
      const answer = await line.send(request, signal);
      if (answer.status !== 201) throw failureOf(answer, doing);
    },
    signal,
    upload,
  );
}

function failureOf(answer: HttpsAnswer, doing: string): CloudError {
  const { status, headers } = answer;
  const code =
    status === 408 || status === 429 || status >= 500 ? 'UPLOAD-STORAGE' : 'UPLOAD-STORAGE-REFUSED';
  const said = headers['x-ms-error-code'];
  const cause = new Error(answerInWords(status, typeof said === 'string' ? said : ''));
  return new CloudError(code, doing, { cause, ...retryAfterMsOf(answer) });
}
