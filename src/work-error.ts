import { CloudError } from './cloud-error.ts';
import { describeError } from './lib/errors.ts';

interface WorkFailure {
  /** As in HTTP, where a direct method is answered with it. */
  readonly status: number;
  /** What has happened, as the end of a sentence that says what was being done. */
  readonly meaning: string;
  /** What a person should look at, or type. */
  readonly remedy: string;
}

/** How work that the cloud asks of the device can fail on the device itself. The codes are stable. */
export const workFailures = {
  'TASK-FULL': {
    status: 429,
    meaning: 'as many tasks as may be are under way and waiting',
    remedy: 'try again when some are done: getTaskStatus without arguments lists them',
  },
  'TASK-UNKNOWN': {
    status: 404,
    meaning: 'there is no such task, or it was too long ago',
    remedy: 'check the correlationId; the last 20 tasks are kept: getTaskStatus without arguments lists them',
  },
  'TASK-INTERRUPTED': {
    status: 503,
    meaning: 'the agent ended while the task was waiting or under way',
    remedy: 'ask for it again',
  },
  'COMMAND-UNKNOWN': {
    status: 404,
    meaning: 'the device’s config.yaml has no command of this name',
    remedy: 'check the name; commands are made in the device’s config.yaml, under commands',
  },
  'COMMAND-ARGUMENT': {
    status: 400,
    meaning: 'the arguments are not those that the command takes',
    remedy: 'the message says which; what each may be stands in the device’s config.yaml, under commands',
  },
  'COMMAND-START': {
    status: 500,
    meaning: 'the program could not be started',
    remedy: 'check on the device that it is there and may be run by the user of the command',
  },
  'COMMAND-TIMEOUT': {
    status: 504,
    meaning: 'the program has not ended in time, and was ended with all it had started',
    remedy: 'raise the timeout of the command in the device’s config.yaml, or find out what it waits for',
  },
  'JOURNAL-UNREADABLE': {
    status: 500,
    meaning: 'the journal cannot be read',
    remedy:
      'check that journalctl is there and the agent’s user is in the group systemd-journal; or use source ring',
  },
} as const satisfies Record<string, WorkFailure>;

export type WorkFailureCode = keyof typeof workFailures;

/** Work that the device could not do. Its message begins "cannot …". */
export class WorkError extends Error {
  override readonly name = 'WorkError';
  readonly code: WorkFailureCode;

  /** @param doing what was being done, as in "run the command restart-modem" */
  constructor(code: WorkFailureCode, doing: string, options: { readonly cause?: unknown } = {}) {
    super(`cannot ${doing}: ${workFailures[code].meaning}`, options);
    this.code = code;
  }

  get status(): number {
    return workFailures[this.code].status;
  }

  get remedy(): string {
    return workFailures[this.code].remedy;
  }
}

/** A failure as it is told to whoever asked for the work. */
export interface FailureReport {
  readonly code: string;
  readonly message: string;
  readonly remedy?: string;
}

/** What has a code keeps it; anything else is `INTERNAL`. */
export function failureReport(error: unknown): FailureReport {
  const message = describeError(error);
  if (error instanceof CloudError || error instanceof WorkError)
    return { code: error.code, message, remedy: error.remedy };
  return { code: 'INTERNAL', message };
}
