import type { MessageContent } from './cloud-message.ts';

/** Does with a message what its rule says. */
export interface Handler {
  /** Whether it could bring the agent or the machine down with it, so that attempts are noted before they are made. */
  readonly isRisky: boolean;
  /**
   * Resolves when it is done; with what must wait until that has been noted, if there is such a thing. Rejects when it
   * has to be tried again, with `Hopeless` when that cannot help, with `NotNow` when the message is not to blame.
   */
  handle(message: MessageContent, signal: AbortSignal): Promise<Afterwards | undefined>;
}

export type Afterwards = () => void | Promise<void>;

export class Hopeless extends Error {
  override readonly name = 'Hopeless';
}

export class NotNow extends Error {
  override readonly name = 'NotNow';
}
