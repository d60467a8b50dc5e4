import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BlobStore } from './blob-store.ts';
import type { ConnectionLog } from './connection-log.ts';
import type { FaultDesk } from './fault-desk.ts';
import type { FileUploadRecord } from './file-upload.ts';
import type { Journal } from './journal.ts';
import type { JsonValue } from './json.ts';
import type { DeviceMessage } from './message.ts';
import type { Registry } from './registry.ts';

/** What the control API acts on. */
export interface Controlled {
  readonly scopeId: string;
  readonly registry: Registry;
  readonly faults: FaultDesk;
  readonly messages: Journal<DeviceMessage>;
  readonly connections: ConnectionLog;
  readonly blobs: BlobStore;
  readonly fileUploads: Journal<FileUploadRecord>;
  /** A URL with which anyone may read and write a blob for so many seconds. */
  readonly blobUrl: (name: string, seconds: number) => string;
}

/** One request to the control API. */
export interface Call extends Controlled {
  /** The parts of the path that the route captures, percent-decoded. */
  readonly params: readonly string[];
  readonly query: URLSearchParams;
  /** `undefined` when there was none. */
  readonly body: JsonValue | undefined;
  readonly ifMatch: string | undefined;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Aborted when the caller has gone or the simulator stops. */
  readonly signal: AbortSignal;
}

export interface Reply {
  readonly status: number;
  /** Sent as JSON, unless it is text with a content type of its own. */
  readonly body?: unknown;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The handler has written the response itself. */
export const streamed = Symbol('streamed');

export interface Route {
  readonly method: 'GET' | 'PUT' | 'PATCH' | 'POST' | 'DELETE';
  /** The path, without regard to case; `:x` captures one segment. */
  readonly path: string;
  readonly handle: (call: Call) => Reply | typeof streamed | Promise<Reply | typeof streamed>;
}
