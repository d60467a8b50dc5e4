import * as v from 'valibot';
import type { Clock } from '../lib/clock.ts';
import { logLevels } from '../log-areas.ts';
import type { UploadJobs } from '../uploads/upload-jobs.ts';
import { moment, momentMs, oneOf } from './argument-kinds.ts';
import type { Method } from './method.ts';
import { answerWithTask } from './task-answer.ts';
import { conflictIn, destinationArgs, destinationOf } from './upload-arguments.ts';

const args = v.object({
  ...destinationArgs,
  since: v.optional(moment),
  until: v.optional(moment),
  level: v.optional(oneOf(logLevels)),
  source: v.optional(oneOf(['ring', 'journal']), 'ring'),
});

/** `uploadLogs {sasUrl? | blobName?, since?, until?, level?, source?}`: log lines as NDJSON, gzipped; a task. */
export function uploadLogs(
  jobs: Pick<UploadJobs, 'logs'>,
  clock: Pick<Clock, 'now'>,
): Method<v.InferOutput<typeof args>> {
  return {
    name: 'uploadLogs',
    component: 'log',
    args,
    handle: async ({ since, until, level, source, ...where }) => {
      const conflict = conflictIn(where);
      if (conflict !== undefined) return conflict;
      const nowMs = clock.now().getTime();
      const sinceMs = since === undefined ? undefined : momentMs(since, nowMs);
      const untilMs = until === undefined ? undefined : momentMs(until, nowMs);
      return await answerWithTask(jobs.logs({ ...destinationOf(where), sinceMs, untilMs, level, source }));
    },
  };
}
