import * as v from 'valibot';
import type { CommandRunner } from '../commands/command-runner.ts';
import type { TaskRecord } from '../tasks/task.ts';
import { secret, text } from './argument-kinds.ts';
import type { Method, MethodResponse } from './method.ts';
import { refusal } from './refusal.ts';
import { refusalOf } from './task-answer.ts';

/** The caller waits 30 s at most unless it says otherwise; what takes longer than this is a task. */
const answerWithinMs = 15_000;

const args = v.object({
  name: text('the name of a command in the device’s config.yaml'),
  // What they may be is the command's to say.
  args: v.optional(secret(v.unknown())),
});

/**
 * `runCommand {name, args?}`: runs a program that the device's own configuration has under this name. Answers 200 with its
 * exit status and output, or 202 when it goes on. Off unless allowed.
 */
export function runCommand(
  runner: Pick<CommandRunner, 'run'>,
  isAllowed: () => boolean,
): Method<v.InferOutput<typeof args>> {
  return {
    name: 'runCommand',
    isAllowed,
    args,
    handle: async ({ name, args: given }) => {
      try {
        return answerOf(await runner.run(name, given, answerWithinMs));
      } catch (error) {
        return refusalOf(error);
      }
    },
  };
}

function answerOf({ state, correlationId, result, error }: TaskRecord): MethodResponse {
  if (state === 'succeeded') return { status: 200, payload: result };
  if (error === undefined) return { status: 202, payload: { correlationId, state } };
  const { code, message, ...remedy } = error;
  return refusal(code === 'COMMAND-TIMEOUT' ? 504 : 500, code, message, remedy);
}
