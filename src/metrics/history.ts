import { untilStopped } from '../lib/deadline.ts';
import type { Clock } from '../lib/clock.ts';
import type { Service } from '../lib/service.ts';
import { connectionStates } from './connection-tally.ts';
import type { Figures } from './figures.ts';

/** A row a minute for a day. */
export const historyEveryMs = 60_000;
export const historyRows = 1440;

/** What a row says, in this order; counts are since the start of the agent. */
const columns = {
  time: ({ now }) => now.getTime(),
  state: ({ connection }) => connectionStates.indexOf(connection.state),
  sessions: ({ connection }) => connection.sessions,
  queue_messages: ({ telemetry }) => sum(telemetry.queue.priorities, ({ messages }) => messages),
  queue_bytes: ({ telemetry }) => sum(telemetry.queue.priorities, ({ bytes }) => bytes),
  sent: ({ telemetry }) => telemetry.sent,
  acknowledged: ({ telemetry }) => telemetry.acknowledged,
  dropped: ({ telemetry }) => sum(telemetry.queue.dropped, (counts) => sum(counts, (count) => count)),
  input_failures: ({ telemetry }) => telemetry.inputs.reduce((all, { failures }) => all + failures, 0),
  wire_sent_bytes: ({ wire }) => wire.sent,
  wire_received_bytes: ({ wire }) => wire.received,
  disk_written_bytes: ({ telemetry }) => telemetry.queue.diskBytesWritten,
  clock_offset_ms: ({ clock }) => clock.offsetMs ?? NaN,
  cpu_ms: ({ process }) => Math.round(process.cpuMs),
  rss_bytes: ({ process }) => process.rssBytes,
  heap_used_bytes: ({ process }) => process.heapUsedBytes,
  event_loop_delay_ms: ({ process }) => rounded(process.eventLoopDelayMs),
} as const satisfies Readonly<Record<string, (figures: Figures) => number>>;

const names = Object.keys(columns);
const reads = Object.values<(figures: Figures) => number>(columns);

/** So many rows are made room for at once. */
const pageRows = 60;

/**
 * What the figures were, a row a minute for the last 24 hours, in memory: at most 200 KB, of which there is as much as the
 * hours so far need. Runs until its signal is aborted.
 */
export class MetricsHistory implements Service {
  readonly name = 'metrics history';
  readonly #figures: () => Figures;
  readonly #clock: Pick<Clock, 'sleep'>;
  readonly #beforeRow: () => void;
  readonly #pages: Float64Array[] = [];
  /** Rows ever written: those beyond `historyRows` have taken the place of the oldest. */
  #written = 0;

  /** @param beforeRow what is measured from row to row ends here, and begins anew */
  constructor(figures: () => Figures, clock: Pick<Clock, 'sleep'>, beforeRow: () => void = () => undefined) {
    this.#figures = figures;
    this.#clock = clock;
    this.#beforeRow = beforeRow;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#beforeRow();
      this.take();
      await untilStopped(this.#clock.sleep(historyEveryMs, signal), signal);
    }
  }

  /** Writes a row of how it is now. */
  take(): void {
    const figures = this.#figures();
    const row = this.#row(this.#written % historyRows);
    for (const [index, read] of reads.entries()) row[index] = read(figures);
    this.#written += 1;
  }

  /** Rows that are no longer held. */
  get dropped(): number {
    return Math.max(0, this.#written - historyRows);
  }

  /** Oldest first under a line of names, as RFC 4180 has it; times are ISO 8601, an empty cell was not known. */
  csv(): string {
    const lines = [names.join(',')];
    for (let row = this.dropped; row < this.#written; row += 1) lines.push(this.#line(row % historyRows));
    return `${lines.join('\r\n')}\r\n`;
  }

  #row(slot: number): Float64Array {
    const page = Math.floor(slot / pageRows);
    const cells = (this.#pages[page] ??= new Float64Array(pageRows * reads.length));
    const at = (slot % pageRows) * reads.length;
    return cells.subarray(at, at + reads.length);
  }

  #line(slot: number): string {
    const cells = this.#row(slot);
    return names.map((name, index) => written(name, cells[index] ?? NaN)).join(',');
  }
}

function written(name: string, value: number): string {
  if (Number.isNaN(value)) return '';
  if (name === 'time') return new Date(value).toISOString();
  if (name === 'state') return connectionStates[value] ?? '';
  return String(value);
}

function rounded(ms: number | undefined): number {
  return ms === undefined ? NaN : Math.round(ms * 10) / 10;
}

function sum<Of>(all: Readonly<Record<string, Of>>, read: (of: Of) => number): number {
  return Object.values(all).reduce((total, of) => total + read(of), 0);
}
