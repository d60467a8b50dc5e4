import { WorkError } from '../work-error.ts';
import type { TaskRecord } from '../tasks/task.ts';
import type { MethodResponse } from './method.ts';
import { refusal } from './refusal.ts';

/** 202 with what `getTaskStatus` wants, or the refusal of work that cannot even begin. */
export async function answerWithTask(started: Promise<TaskRecord>): Promise<MethodResponse> {
  try {
    const { correlationId, state } = await started;
    return { status: 202, payload: { correlationId, state } };
  } catch (error) {
    return refusalOf(error);
  }
}

/** Throws what is none of the known ways to fail. */
export function refusalOf(error: unknown): MethodResponse {
  if (!(error instanceof WorkError)) throw error;
  const { status, code, message, remedy, cause } = error;
  const why = cause instanceof Error ? `${message}: ${cause.message}` : message;
  return refusal(status, code, why, { remedy });
}
