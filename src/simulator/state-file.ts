import { join } from 'node:path';
import * as v from 'valibot';
import { readFileIfPresent, setAside, writeFileAtomically } from '../lib/atomic-file.ts';
import type { Clock } from '../lib/clock.ts';
import { describeError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { describeIssues } from './input.ts';
import { parseJson } from './json.ts';
import type { Snapshot } from './registry.ts';

const format = 1;
/** What was taken was not nested too deep, and is nested deeper here. */
const ofAnyDepth = Infinity;

/** Enough of the shape to be sure that the file is ours and whole; what is in it was checked when it came in. */
const section = v.looseObject({
  properties: v.looseObject({}),
  metadata: v.looseObject({}),
  version: v.number(),
});
const stateSchema = v.looseObject({
  format: v.literal(format),
  scopeId: v.string(),
  enrollments: v.array(
    v.looseObject({ registrationId: v.string(), attestation: v.looseObject({ type: v.string() }) }),
  ),
  enrollmentGroups: v.array(
    v.looseObject({ enrollmentGroupId: v.string(), attestation: v.looseObject({ type: v.string() }) }),
  ),
  registrations: v.array(v.looseObject({ registrationId: v.string(), status: v.string() })),
  certificates: v.record(v.string(), v.string()),
  hubs: v.array(
    v.looseObject({
      name: v.string(),
      port: v.number(),
      devices: v.array(
        v.looseObject({
          identity: v.looseObject({
            deviceId: v.string(),
            authentication: v.looseObject({ type: v.string() }),
          }),
          twin: v.looseObject({
            tags: v.looseObject({}),
            desired: section,
            reported: section,
            version: v.number(),
          }),
          queue: v.array(v.looseObject({ messageId: v.string(), bag: v.string(), bodyBase64: v.string() })),
        }),
      ),
    }),
  ),
});

/** The state of a simulator: its scope ID, and what it knows. */
export interface SimulatorState extends Snapshot {
  readonly scopeId: string;
  readonly controlPort: number;
}

export function stateFileIn(dataDirectory: string): string {
  return join(dataDirectory, 'state.json');
}

/** Reads the state of an earlier run. A damaged file is set aside and said; the simulator then starts empty. */
export async function readState(path: string, log: Log): Promise<SimulatorState | undefined> {
  const text = await readFileIfPresent(path);
  if (text === undefined) return undefined;
  const result = v.safeParse(stateSchema, parseJson(text, ofAnyDepth));
  if (result.success) return result.output as unknown as SimulatorState;
  const aside = await setAside(path);
  log.warn(
    { path, aside, reason: describeIssues(result.issues) },
    `cannot use the state in ${path}: set aside as ${aside}`,
  );
  return undefined;
}

/** Changes are gathered for this long, or ten times as long as the last write took if that is more. */
const gatherMs = 250;

/** Writes the state behind the changes: never more than one write at a time, never one per change. */
export class StateWriter {
  readonly #path: string;
  readonly #state: () => SimulatorState;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #closing = new AbortController();
  #dirty = false;
  #writing: Promise<void> | undefined;
  #lastWriteMs = 0;
  #failed = false;

  constructor(path: string, state: () => SimulatorState, clock: Clock, log: Log) {
    this.#path = path;
    this.#state = state;
    this.#clock = clock;
    this.#log = log;
  }

  /** Something has changed and will be on disk soon. */
  changed(): void {
    this.#dirty = true;
    if (this.#closing.signal.aborted) return;
    this.#writing ??= this.#writeBehind().finally(() => {
      this.#writing = undefined;
      if (this.#dirty) this.changed();
    });
  }

  /** Writes what is left. Rejects when it cannot. */
  async close(): Promise<void> {
    this.#closing.abort(new Error('the simulator is stopping'));
    await this.#writing;
    if (this.#dirty) await this.#write();
  }

  async #writeBehind(): Promise<void> {
    try {
      await this.#clock.sleep(Math.max(gatherMs, 10 * this.#lastWriteMs), this.#closing.signal);
    } catch (error) {
      if (!this.#closing.signal.aborted) throw error;
      return;
    }
    try {
      await this.#write();
      if (this.#failed) this.#log.warn({ path: this.#path }, 'the state can be written again');
      this.#failed = false;
    } catch (error) {
      this.#dirty = true;
      if (!this.#failed)
        this.#log.error({ path: this.#path, reason: describeError(error) }, `cannot write ${this.#path}`);
      this.#failed = true;
    }
  }

  async #write(): Promise<void> {
    this.#dirty = false;
    const start = this.#clock.monotonic();
    await writeFileAtomically(this.#path, `${JSON.stringify({ format, ...this.#state() })}\n`);
    this.#lastWriteMs = this.#clock.monotonic() - start;
  }
}
