/** What is fed to every agent's local socket while a phase lasts. */
export interface LoadPlan {
  /** Messages a second, for each agent; spread, not in step. */
  readonly messagesPerSecond: number;
  /** Of a message's body, in bytes, from and to; the spread is even. */
  readonly bytes: readonly [number, number];
  /** So many messages at once, so far apart on average; 0 for none. */
  readonly burst: { readonly messages: number; readonly everyMs: number };
  /** How often each agent's desired properties change, in milliseconds; 0 for never. */
  readonly twinEveryMs: number;
}
