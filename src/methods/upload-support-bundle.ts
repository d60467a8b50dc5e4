import * as v from 'valibot';
import type { UploadJobs } from '../uploads/upload-jobs.ts';
import type { Method } from './method.ts';
import { answerWithTask } from './task-answer.ts';
import { conflictIn, destinationArgs, destinationOf } from './upload-arguments.ts';

const args = v.object(destinationArgs);

/** `uploadSupportBundle {sasUrl? | blobName?}`: all that whoever looks after the device may want to see; a task. */
export function uploadSupportBundle(
  jobs: Pick<UploadJobs, 'supportBundle'>,
): Method<v.InferOutput<typeof args>> {
  return {
    name: 'uploadSupportBundle',
    args,
    handle: async (where) =>
      conflictIn(where) ?? (await answerWithTask(jobs.supportBundle(destinationOf(where)))),
  };
}
