/** A direct method called from the cloud. */
export interface MethodCall {
  readonly name: string;
  /** The caller's JSON; `undefined` when there was none. */
  readonly payload: unknown;
  /** Answers the caller, once. Never rejects: a caller that is gone has had its 504 already. */
  respond(response: MethodResponse): Promise<void>;
}

export interface MethodResponse {
  /** As in HTTP. */
  readonly status: number;
  readonly payload: unknown;
  /** What the call asks for, if it must come after the answer, since it ends the session. */
  readonly afterwards?: () => void;
}

/** What the agent does when the method of this name is called. */
export interface Method {
  readonly name: string;
  handle(payload: unknown, signal: AbortSignal): Promise<MethodResponse>;
}
