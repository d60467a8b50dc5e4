/** What became of the messages, since the start. */
export interface MessageCounts {
  /** Taken from the hub, those that came again included. */
  received: number;
  handled: number;
  /** Had come before. */
  duplicates: number;
  /** Too old when their turn came. */
  expired: number;
  /** For no rule: acknowledged and dropped. */
  unmatched: number;
  /** Set aside in the inbox's folder `failed`. */
  failed: number;
  /** Not taken, for want of room or of a disk that can be written: the hub has them still. */
  leftWithHub: number;
}

/** As it stands now. */
export interface MessagesStatus extends Readonly<MessageCounts> {
  /** In the inbox, not handled yet. */
  readonly waiting: number;
  /** Files of the inbox that could not be read when the agent started. */
  readonly damaged: number;
}

export function noMessages(): MessageCounts {
  return {
    received: 0,
    handled: 0,
    duplicates: 0,
    expired: 0,
    unmatched: 0,
    failed: 0,
    leftWithHub: 0,
  };
}
