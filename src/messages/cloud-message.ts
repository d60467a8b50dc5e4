/** A cloud-to-device message as its sender meant it (protocol.md 3.4). */
export interface MessageContent {
  /** Chosen by the sender, who may leave it out or use it again. */
  readonly messageId?: string;
  readonly correlationId?: string;
  readonly userId?: string;
  readonly contentType?: string;
  readonly contentEncoding?: string;
  /** By the hub's clock; absent: the hub has not said. */
  readonly expiresAtMs?: number;
  /** Application properties; one without a value is empty. */
  readonly properties: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** One delivery of a message. */
export interface CloudMessage {
  readonly content: MessageContent;
  /**
   * Tells the hub that it need not keep the message any longer. Until then it comes again: in the next session, or when
   * the hub's lock on it has run out. After the session's end it does nothing.
   */
  complete(): void;
}
