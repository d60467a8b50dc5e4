/** Where cloud-to-device messages wait for this machine's programs. */
export interface MessageOutlet {
  /** False: no rule of the configuration sends any here. */
  readonly isUsed: boolean;
  /** The first message after this number, once there is one; `undefined` when the signal was aborted. */
  next(after: number, signal: AbortSignal): Promise<OutgoingMessage | undefined>;
  /** It need not be kept any longer. False: there is none of that number, or no longer. */
  complete(number: number): Promise<boolean>;
  /** The same for all up to this number; nothing if no message has had that number yet. */
  completeUpTo(number: number): Promise<void>;
}

export interface OutgoingMessage {
  /** Grows from message to message, over restarts too. */
  readonly number: number;
  readonly rule: string;
  readonly messageId?: string;
  readonly correlationId?: string;
  readonly userId?: string;
  readonly contentType?: string;
  readonly contentEncoding?: string;
  readonly expiresAtMs?: number;
  readonly properties: Readonly<Record<string, string>>;
  readonly body: Buffer;
}
