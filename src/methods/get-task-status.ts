import * as v from 'valibot';
import type { TaskRecord, Tasks } from '../tasks/task.ts';
import { WorkError } from '../work-error.ts';
import { text } from './argument-kinds.ts';
import type { Method } from './method.ts';
import { refusalOf } from './task-answer.ts';

const args = v.object({ correlationId: v.optional(text('the correlationId that a 202 answer had')) });

/** `getTaskStatus {correlationId?}`: a task with its progress, result or failure; without an ID the last ones, in short. */
export function getTaskStatus(tasks: Pick<Tasks, 'find' | 'list'>): Method<v.InferOutput<typeof args>> {
  return {
    name: 'getTaskStatus',
    args,
    handle: ({ correlationId }) => {
      if (correlationId === undefined) {
        const list = tasks.list().map(briefly);
        return Promise.resolve({ status: 200, payload: { tasks: list } });
      }
      const task = tasks.find(correlationId);
      if (task !== undefined) return Promise.resolve({ status: 200, payload: task });
      return Promise.resolve(
        refusalOf(new WorkError('TASK-UNKNOWN', `find the task ${correlationId.slice(0, 64)}`)),
      );
    },
  };
}

function briefly({ correlationId, command, state, createdAt, endedAt, error }: TaskRecord): object {
  return { correlationId, command, state, createdAt, endedAt, code: error?.code };
}
