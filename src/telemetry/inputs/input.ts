import type { Reading } from '../reading.ts';

/** Takes what was measured; resolves when the next may be handed over. */
export type HandOver = (readings: readonly Reading[]) => Promise<void>;

/** Something that can be measured: asked at an interval, or speaking when it has something to say. */
export interface Input {
  readonly name: string;
  /** How often it is to be asked, in milliseconds; `undefined` for one that speaks by itself. The twin may say otherwise. */
  readonly intervalMs: number | undefined;
  /** How long one reading may take by its configuration, in milliseconds; absent: no longer than ten minutes. */
  readonly timeoutMs?: number | undefined;
  /**
   * Hands over what there is. One that is asked resolves when it has been read once; one that speaks by itself hands over
   * an empty list when it is there to be heard, goes on until the signal is aborted, and then resolves. Rejects when there is nothing to be had, and may be called again
   * after that; whatever it began – a child, a connection, a timer – has ended by then.
   */
  read(handOver: HandOver, signal: AbortSignal): Promise<void>;
}
