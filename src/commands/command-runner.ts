import type { CommandConfig } from '../config/commands-schema.ts';
import type { ProgramHost } from '../lib/program-host.ts';
import type { TaskRecord, Tasks } from '../tasks/task.ts';
import { WorkError } from '../work-error.ts';
import { argvOf } from './argv.ts';
import { runProgram } from './run-program.ts';

export interface CommandRunnerOptions {
  /** Read anew for each call. */
  readonly commands: () => readonly CommandConfig[];
  readonly host: ProgramHost;
  readonly tasks: Tasks;
}

/** Runs the programs that the configuration has for the cloud, by name. */
export class CommandRunner {
  readonly #options: CommandRunnerOptions;

  constructor(options: CommandRunnerOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the program has ended, or after `answerWithinMs` milliseconds with the task that goes on. Rejects with
   * COMMAND-UNKNOWN, COMMAND-ARGUMENT or TASK-FULL.
   */
  async run(name: string, args: unknown, answerWithinMs: number): Promise<TaskRecord> {
    const { commands, host, tasks } = this.#options;
    const config = commands().find((command) => command.name === name);
    if (config === undefined) throw this.#unknown(name);
    const argv = argvOf(config, args);
    host.log.info({ command: name }, `running the command ${name}`);
    return await tasks.attempt(
      'runCommand',
      ({ signal }) => runProgram(config, argv, host, signal),
      answerWithinMs,
    );
  }

  #unknown(name: string): WorkError {
    const names = this.#options.commands().map((command) => command.name);
    const known = names.length === 0 ? 'there are none' : `there are: ${names.join(', ')}`;
    return new WorkError('COMMAND-UNKNOWN', `run the command ${name.slice(0, 64)}`, {
      cause: new Error(known),
    });
  }
}
