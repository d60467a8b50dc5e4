import type { Bell } from '../../lib/bell.ts';
import type { Clock } from '../../lib/clock.ts';
import { untilStopped } from '../../lib/deadline.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { Log } from '../../lib/log.ts';
import { inScope } from '../../lib/scope.ts';
import type { Service } from '../../lib/service.ts';
import { mergePatch } from '../desired-document.ts';
import type { ReportedProperties } from '../properties.ts';
import type { ReportQueue } from '../report-queue.ts';
import { PartialReports } from '../settings/partial-reports.ts';
import { difference } from './difference.ts';
import { sizeOf, twinLimits } from './limits.ts';
import { isNear } from './nearness.ts';
import { fitted } from './room.ts';
import { factSections } from './sections.ts';

export interface ReportedStateOptions {
  /** What there is to report, asked anew each time. Rejects only on a bug. */
  readonly sections: () => Promise<ReportedProperties> | ReportedProperties;
  /** What the twin had when the session began. */
  readonly reported: Promise<ReportedProperties> | ReportedProperties;
  readonly reports: Pick<ReportQueue, 'report'>;
  /** Reports are no nearer to each other than this, in milliseconds. */
  readonly intervalMs: () => number;
  /** Rings when something worth a report may have happened, or the interval is another. */
  readonly changed: Bell;
  readonly clock: Clock;
  readonly log: Log;
}

/** The rest of the 32 KB belongs to the acknowledgements, even if there are none yet. */
const largestShare = 16 * 1024;
const smallestShare = 1024;
/** However often the bell rings, the facts are not gathered more often than this, in milliseconds. */
const shortestPauseMs = 1000;

/**
 * Keeps the twin told of what the device is and how it does, for one session: at once, and then what differs from what
 * the twin has, at most once per interval. What the hub will never take is left out until it is something else.
 */
export class ReportedState implements Service {
  readonly name = 'reported state';
  readonly #options: ReportedStateOptions;
  readonly #partial: PartialReports;
  /** The twin's part that is ours, as far as it is known; acknowledgements of others may stand in it. */
  #had: JsonObject = {};
  #room = largestShare;
  #checkedMs = -Infinity;
  #reportedMs = -Infinity;

  constructor(options: ReportedStateOptions) {
    this.#options = options;
    this.#partial = new PartialReports(options.log);
  }

  async run(signal: AbortSignal): Promise<void> {
    try {
      const reported = await untilStopped(Promise.resolve(this.#options.reported), signal);
      if (reported === undefined) return;
      this.#had = ours(reported);
      this.#room = roomBeside(reported);
      while (!signal.aborted) {
        const rung = this.#options.changed.heard();
        await this.#check(signal);
        await this.#pause(rung, signal);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async #check(signal: AbortSignal): Promise<void> {
    const { sections, reports, clock } = this.#options;
    const wanted = fitted(ours(await sections()), this.#room);
    this.#checkedMs = clock.monotonic();
    const patch = difference(this.#had, wanted, isNear);
    if (patch === undefined) return;
    const taken = await this.#partial.report(patch, (part) => reports.report(part, signal));
    this.#had = mergePatch(this.#had, taken);
    this.#reportedMs = clock.monotonic();
  }

  /** Until the next interval; when the bell has rung, until one has passed since the last report. */
  async #pause(rung: Promise<void>, signal: AbortSignal): Promise<void> {
    const { intervalMs, changed, clock } = this.#options;
    let [bell, isRung] = [rung, false];
    while (!signal.aborted) {
      const due = isRung
        ? Math.max(this.#reportedMs + intervalMs(), this.#checkedMs + shortestPauseMs)
        : this.#checkedMs + intervalMs();
      const leftMs = due - clock.monotonic();
      if (leftMs <= 0) return;
      if (!(await isHeardWithin(bell, leftMs, clock, signal))) return;
      [bell, isRung] = [changed.heard(), true];
    }
  }
}

async function isHeardWithin(
  bell: Promise<void>,
  ms: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<boolean> {
  return inScope(signal, async (scope) => {
    const late = clock.sleep(ms, scope.signal).then(
      () => false,
      () => false,
    );
    return Promise.race([bell.then(() => true), late]);
  });
}

function ours(properties: ReportedProperties): JsonObject {
  return Object.fromEntries(
    factSections.flatMap((name): [string, unknown][] =>
      Object.hasOwn(properties, name) ? [[name, properties[name]]] : [],
    ),
  );
}

/** What others have in the twin takes room from the facts, but never all of it. */
function roomBeside(reported: ReportedProperties): number {
  const others = sizeOf(reported) - sizeOf(ours(reported));
  return Math.max(smallestShare, Math.min(largestShare, twinLimits.bytes - others - smallestShare));
}
