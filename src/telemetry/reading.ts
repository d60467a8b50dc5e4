import type { JsonObject } from '../lib/json.ts';

/** What was measured at one moment: names and values. */
export interface Reading {
  readonly values: JsonObject;
  /** When, on the wall clock in milliseconds since 1970; absent: now. */
  readonly timeMs?: number;
  /** The Plug and Play component it belongs to, if that is another than its input's. */
  readonly component?: string;
  /** The values as they came, if that was as a JSON object: what nothing has changed need not be written anew. */
  readonly json?: string;
}
