import { ConfigError } from '../lib/errors.ts';
import { CommandError } from './usage.ts';

/** Whether the operating system has refused this to the user who asks. */
export function isForbidden(error: unknown): error is NodeJS.ErrnoException {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'EACCES' || code === 'EPERM';
}

/**
 * A refusal by the operating system, for whoever typed the command: no fault of the program's, so that no stack is told,
 * and with what to type. Anything else is handed back as it is.
 */
export function forbiddenInWords(error: unknown, verb: string, userId: number | undefined): unknown {
  const hint = advice(verb, userId);
  if (verb !== 'run' && error instanceof ConfigError && isForbidden(error.cause))
    return new ConfigError(`${error.message}${hint}`, { cause: error.cause });
  if (!isForbidden(error)) return error;
  const what = error.path === undefined ? `do what ${verb} has to` : `use ${error.path}`;
  return new CommandError(`cannot ${what} as this user${hint}`, { cause: error });
}

/** Root is refused by a file system or a sandbox, and more rights than root's nobody has. */
function advice(verb: string, userId: number | undefined): string {
  if (userId === 0) return '';
  if (verb === 'run') return ' (run it as the user who may, or give it a state_directory of its own)';
  return ` (root may: sudo dps-agent ${verb})`;
}
