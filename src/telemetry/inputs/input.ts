import type { JsonObject } from '../../lib/json.ts';

/** Something that can be measured. */
export interface Input {
  readonly name: string;
  /** How often the configuration wants it read, in milliseconds; the twin may say otherwise. */
  readonly intervalMs: number;
  /** One reading. Rejects when there is none; the next interval tries again. */
  read(signal: AbortSignal): Promise<JsonObject>;
}
