import type { Bell } from '../../lib/bell.ts';
import { untilStopped } from '../../lib/deadline.ts';
import type { Log } from '../../lib/log.ts';
import type { Service } from '../../lib/service.ts';
import { mergePatch } from '../desired-document.ts';
import type { ReportedProperties } from '../properties.ts';
import type { ReportQueue } from '../report-queue.ts';
import { PartialReports } from '../settings/partial-reports.ts';
import { difference } from './difference.ts';

export interface TaskReportsOptions {
  readonly tasks: { readonly changed: Bell; tasksReport(): ReportedProperties };
  /** What the twin had when the session began. */
  readonly reported: Promise<ReportedProperties>;
  readonly reports: Pick<ReportQueue, 'report'>;
  readonly log: Log;
}

/** Tells the twin how long-running commands get on, and how they ended, as it happens. */
export class TaskReports implements Service {
  readonly name = 'task reports';
  readonly #options: TaskReportsOptions;
  readonly #partial: PartialReports;

  constructor(options: TaskReportsOptions) {
    this.#options = options;
    this.#partial = new PartialReports(options.log);
  }

  async run(signal: AbortSignal): Promise<void> {
    const { tasks, reported, reports } = this.#options;
    try {
      let had = await untilStopped(reported, signal);
      while (had !== undefined && !signal.aborted) {
        const changed = tasks.changed.heard();
        const wanted = tasks.tasksReport();
        const known = Object.fromEntries(Object.keys(wanted).map((name) => [name, had?.[name]]));
        const patch = difference(known, wanted);
        if (patch !== undefined)
          had = mergePatch(had, await this.#partial.report(patch, (part) => reports.report(part, signal)));
        await untilStopped(changed, signal);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}
