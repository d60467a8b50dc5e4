import type { Parsed } from '../config/found.ts';
import type { Reading } from '../telemetry/reading.ts';
import type { Read } from './json-items.ts';
import type { TelemetryDesk } from './telemetry-desk.ts';

/** What posts are read and taken in with. */
export interface Posting {
  readonly desk: TelemetryDesk;
  readonly readReading: Read<Reading>;
  /** Reads `10m` and the like, as in config.yaml, into milliseconds. */
  readonly parseDuration: (value: unknown) => Parsed<number>;
}
