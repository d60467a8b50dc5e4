import type { GenericSchema } from 'valibot';

/** A direct method called from the cloud. */
export interface MethodCall {
  /** `reboot`, or with its component `device*reboot` (protocol.md 7). */
  readonly name: string;
  /** The hub's own; opaque, and good for one connection only. */
  readonly requestId: string;
  /** The caller's JSON; `undefined` when there was none. */
  readonly payload: unknown;
  /** Answers the caller, once. Never rejects: a caller that is gone has had its 504 already. */
  respond(response: MethodResponse): Promise<void>;
}

export interface MethodResponse {
  /** As in HTTP; never 0, which the SDK cannot send. */
  readonly status: number;
  /** At most 128 KB as JSON (protocol.md 5.2). */
  readonly payload: unknown;
  /** What the call asks for, if it must come after the answer, since it ends the session. */
  readonly afterwards?: () => void | Promise<void>;
}

/** What the agent does when the method of this name is called. */
export interface Method<Args = unknown> {
  readonly name: string;
  /** The Plug and Play component it belongs to; the default component if absent. The bare name works all the same. */
  readonly component?: string;
  /** The schema of its arguments, an object; absent: it takes none. Those marked by `secret` are never logged. */
  readonly args?: GenericSchema<unknown, Args>;
  /** Absent: always. Otherwise the configuration has to allow it by name. */
  isAllowed?(): boolean;
  /**
   * Its arguments are what its own schema has made of the caller's. The signal is aborted when the time for an answer is
   * over, and when the session ends. Whatever is thrown becomes the caller's 500.
   */
  handle(args: Args, call: CallContext): Promise<MethodResponse>;
}

export interface CallContext {
  readonly requestId: string;
  readonly signal: AbortSignal;
}
