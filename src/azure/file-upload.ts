import type { SecureContext } from 'node:tls';
import { CloudError } from '../cloud-error.ts';
import { withDeadline } from '../lib/deadline.ts';
import { describeError } from '../lib/errors.ts';
import { isJsonObject, isText, parseJson } from '../lib/json.ts';
import type { Secret } from '../lib/secret.ts';
import type { Credential } from '../provisioning/credential.ts';
import type { Assignment } from '../provisioning/dps-client.ts';
import type { FileUploads, UploadedFile, UploadOptions } from '../uploads/file-uploads.ts';
import { again } from './again.ts';
import type { AgainPolicy, AgainSurroundings } from './again.ts';
import { uploadBlob } from './blob-upload.ts';
import { hubToken } from './hub-auth.ts';
import { answerInWords, retryAfterMsOf } from './https-answer.ts';
import { HttpsLine } from './https-line.ts';
import type { HttpsAnswer, HttpsSurroundings } from './https-line.ts';
import type { SecureContexts } from './secure-contexts.ts';
import { parseTarget } from './target.ts';

export interface FileUploadOptions extends HttpsSurroundings, Omit<AgainSurroundings, 'policy'> {
  readonly contexts: SecureContexts;
  readonly limits?: Partial<UploadLimits>;
}

export interface UploadLimits {
  /** Of one block, which is held in memory. */
  readonly blockBytes: number;
  /** For everything, from the first request to the last, in milliseconds. */
  readonly deadlineMs: number;
  readonly again: AgainPolicy;
}

const usualLimits: UploadLimits = {
  blockBytes: 1024 * 1024,
  deadlineMs: 3_600_000,
  again: { initialMs: 1000, maximumMs: 60_000, attempts: 15 },
};

const httpsPort = 443;
const apiVersion = '2021-04-12';
/** To tell the hub that an upload has failed: worth a try, not a wait. */
const lastWordMs = 5000;

/** What the hub gives for one upload. */
interface Grant {
  readonly correlationId: string;
  readonly url: URL;
  readonly blobName: string;
}

interface Outcome {
  readonly isSuccess: boolean;
  readonly statusCode: number;
  readonly statusDescription: string;
}

/**
 * File upload by HTTPS of our own: the SDK's brings the whole of Azure's storage client along, buffers, and knows neither
 * proxy nor deadline. Independent of the MQTT session, so that a broken one does not break an upload.
 */
export class AzureFileUploads implements FileUploads {
  readonly #options: FileUploadOptions;
  readonly #assignment: Assignment;
  readonly #credential: Credential;
  readonly #limits: UploadLimits;

  constructor(options: FileUploadOptions, assignment: Assignment, credential: Credential) {
    this.#options = options;
    this.#assignment = assignment;
    this.#credential = credential;
    this.#limits = { ...usualLimits, ...options.limits };
  }

  upload(
    name: string,
    content: AsyncIterable<Uint8Array>,
    sizeBytes: number | undefined,
    options: UploadOptions,
  ): Promise<UploadedFile> {
    return this.#inTime(options.signal, async (signal) => {
      const hub = this.#lineToHub();
      try {
        const grant = await this.#begin(hub, name, signal);
        return await this.#carry(hub, grant, { content, sizeBytes, options: { ...options, signal } });
      } finally {
        hub.close();
      }
    });
  }

  uploadTo(
    url: Secret,
    content: AsyncIterable<Uint8Array>,
    sizeBytes: number | undefined,
    options: UploadOptions,
  ): Promise<UploadedFile> {
    return this.#inTime(options.signal, async (signal) => {
      const target = blobUrlOf(url.reveal());
      const bytes = await this.#put(target, { content, sizeBytes, options: { ...options, signal } });
      return { blobName: blobNameIn(target), bytes };
    });
  }

  #inTime<T>(outer: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const late = new CloudError('UPLOAD-TIMEOUT', 'upload a file');
    return withDeadline(this.#options.clock, this.#limits.deadlineMs, late, outer, work);
  }

  /** Whatever becomes of it, the hub is told: it counts what is under way. */
  async #carry(hub: HttpsLine, grant: Grant, file: File): Promise<UploadedFile> {
    const { signal } = file.options;
    let bytes: number;
    try {
      bytes = await this.#put(grant.url, file);
    } catch (error) {
      await this.#tellFailure(hub, grant, error);
      throw error;
    }
    await this.#finish(
      hub,
      grant,
      { isSuccess: true, statusCode: 201, statusDescription: 'Created' },
      signal,
    );
    return { blobName: grant.blobName, bytes };
  }

  async #put(url: URL, { content, sizeBytes, options }: File): Promise<number> {
    const { contexts } = this.#options;
    const { host, port } = targetOf(url);
    // The storage need not know the device, and its certificate is for DPS and the hub only.
    const line = this.#line(host, port, contexts.anonymous());
    const path = url.pathname + url.search;
    const { blockBytes } = this.#limits;
    const { contentType, signal, onProgress = () => undefined } = options;
    const upload = {
      ...this.#again,
      line,
      host,
      path,
      content,
      sizeBytes,
      contentType,
      blockBytes,
      onProgress,
    };
    try {
      return await uploadBlob(upload, signal);
    } finally {
      line.close();
    }
  }

  async #begin(hub: HttpsLine, name: string, signal: AbortSignal): Promise<Grant> {
    const doing = `begin a file upload at ${this.#assignment.assignedHub}`;
    const { body } = await again(
      () => this.#post(hub, '', { blobName: name }, doing, signal),
      signal,
      this.#again,
    );
    const grant = grantIn(body);
    if (grant === undefined) {
      const cause = new Error('its answer is none that can be used');
      throw new CloudError('UPLOAD-REFUSED', doing, { cause });
    }
    return grant;
  }

  async #finish(hub: HttpsLine, grant: Grant, outcome: Outcome, signal: AbortSignal): Promise<void> {
    const { correlationId } = grant;
    const doing = `end a file upload at ${this.#assignment.assignedHub}`;
    await again(
      async (attempt) => {
        try {
          await this.#post(hub, '/notifications', { correlationId, ...outcome }, doing, signal);
        } catch (error) {
          // Told already: the answer to that was lost.
          if (attempt > 1 && error instanceof AnsweredError && error.status === 404) return;
          throw error;
        }
      },
      signal,
      this.#again,
    );
  }

  async #tellFailure(hub: HttpsLine, grant: Grant, error: unknown): Promise<void> {
    const { clock, log } = this.#options;
    const statusDescription = describeError(error).slice(0, 256);
    const failed = { isSuccess: false, statusCode: 500, statusDescription };
    const late = new Error('there was no answer in time');
    // The signal may be what has ended it; this is said all the same.
    const own = new AbortController().signal;
    await withDeadline(clock, lastWordMs, late, own, (signal) =>
      this.#finish(hub, grant, failed, signal),
    ).catch((reason: unknown) => {
      log.info({ reason: describeError(reason) }, 'the hub could not be told that a file upload has failed');
    });
  }

  async #post(
    hub: HttpsLine,
    path: string,
    body: object,
    doing: string,
    signal: AbortSignal,
  ): Promise<HttpsAnswer> {
    const { deviceId } = this.#assignment;
    const answer = await hub.send(
      {
        method: 'POST',
        path: `/devices/${encodeURIComponent(deviceId)}/files${path}?api-version=${apiVersion}`,
        headers: { 'content-type': 'application/json; charset=utf-8', ...this.#authorization() },
        body: JSON.stringify(body),
        doing,
      },
      signal,
    );
    if (answer.status >= 200 && answer.status <= 299) return answer;
    throw hubFailure(answer, doing);
  }

  /** A certificate has proved who this is in the handshake. */
  #authorization(): Record<string, string> {
    if (this.#credential.method === 'x509') return {};
    return { authorization: hubToken(this.#assignment, this.#credential.key, this.#options.clock) };
  }

  #lineToHub(): HttpsLine {
    const { host, port = httpsPort } = parseTarget(this.#assignment.assignedHub);
    return this.#line(host, port, this.#options.contexts.for(this.#credential));
  }

  #line(host: string, port: number, secureContext: SecureContext): HttpsLine {
    return new HttpsLine({ host, port, secureContext }, this.#options);
  }

  get #again(): AgainSurroundings {
    const { clock, random, log } = this.#options;
    return { policy: this.#limits.again, clock, random, log };
  }
}

interface File {
  readonly content: AsyncIterable<Uint8Array>;
  readonly sizeBytes: number | undefined;
  readonly options: UploadOptions;
}

/** A CloudError that knows what the hub answered. */
class AnsweredError extends CloudError {
  readonly status: number;

  constructor(code: 'UPLOAD-BUSY' | 'UPLOAD-HUB' | 'UPLOAD-REFUSED', doing: string, answer: HttpsAnswer) {
    const cause = new Error(answerInWords(answer.status, sayingOf(answer.body)));
    super(code, doing, { cause, ...retryAfterMsOf(answer) });
    this.status = answer.status;
  }
}

/** protocol.md 3.9: 403006 when ten are under way. */
function hubFailure(answer: HttpsAnswer, doing: string): AnsweredError {
  const { status, body } = answer;
  if (status === 429 || (status === 403 && body.includes('403006')))
    return new AnsweredError('UPLOAD-BUSY', doing, answer);
  return new AnsweredError(status === 408 || status >= 500 ? 'UPLOAD-HUB' : 'UPLOAD-REFUSED', doing, answer);
}

/** The hub's own words are in `Message`, in one of two forms (protocol.md 8.1). */
function sayingOf(body: string): string {
  const outer = parseJson(body);
  const message = isJsonObject(outer) && isText(outer['Message']) ? outer['Message'] : '';
  const inner = parseJson(message);
  if (!isJsonObject(inner)) return message;
  return `${String(inner['errorCode'])} ${String(inner['message'])}`;
}

function grantIn(body: string): Grant | undefined {
  const answer = parseJson(body);
  if (!isJsonObject(answer)) return undefined;
  const { correlationId, hostName, containerName, blobName, sasToken } = answer;
  if (![correlationId, hostName, containerName, blobName, sasToken].every(isText)) return undefined;
  const path = [String(containerName), ...String(blobName).split('/')].map(encodeURIComponent).join('/');
  const token = String(sasToken);
  const text = `https://${String(hostName)}/${path}${token.startsWith('?') ? '' : '?'}${token}`;
  if (!URL.canParse(text)) return undefined;
  return { correlationId: String(correlationId), blobName: String(blobName), url: new URL(text) };
}

/** Throws a CloudError that does not repeat the URL, which is a secret. */
function blobUrlOf(text: string): URL {
  const fault = faultOf(text);
  if (fault !== undefined) throw new CloudError('UPLOAD-URL', 'upload a file', { cause: new Error(fault) });
  return new URL(text);
}

function faultOf(text: string): string | undefined {
  if (!URL.canParse(text)) return 'it is no URL';
  const { protocol, username, password, pathname, searchParams } = new URL(text);
  if (protocol !== 'https:') return 'it does not begin with https://';
  if (username !== '' || password !== '') return 'it has a user name or password before its host';
  if (!searchParams.has('sig')) return 'it has no signature (sig)';
  return pathname.split('/').filter((part) => part !== '').length < 2
    ? 'it names no blob in a container'
    : undefined;
}

function targetOf({ hostname, port }: URL): { host: string; port: number } {
  return { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: port === '' ? httpsPort : Number(port) };
}

function blobNameIn({ pathname }: URL): string {
  const name = pathname.split('/').slice(2).join('/');
  try {
    return decodeURIComponent(name);
  } catch {
    // Not percent-encoding after all.
    return name;
  }
}
