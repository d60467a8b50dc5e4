import { join } from 'node:path';
import process from 'node:process';
import { defaultStateDirectory } from './state-directory.ts';

const socketName = 'agent.sock';

/** Where the agent listens for this machine's own tools: in the folder systemd made for it, else beside its state. */
export function socketPathFor(stateDirectory: string): string {
  return join(runtimeDirectory() ?? stateDirectory, socketName);
}

/**
 * Where it may be listening, as seen from a shell, which systemd has told nothing; the likeliest place first.
 * @param configured `local_api.path`, which an agent that has not been started since then does not know
 */
export function socketPathsToTry(
  stateDirectory: string,
  configured?: string,
): readonly [string, ...string[]] {
  const own = socketPathFor(stateDirectory);
  const isService = runtimeDirectory() === undefined && stateDirectory === defaultStateDirectory;
  const usual: readonly [string, ...string[]] = isService ? [join('/run/dps-agent', socketName), own] : [own];
  return configured === undefined ? usual : [configured, ...usual.filter((path) => path !== configured)];
}

/** systemd.exec(5): several are separated by colons. */
function runtimeDirectory(): string | undefined {
  const [first] = (process.env['RUNTIME_DIRECTORY'] ?? '').split(':');
  return first === '' ? undefined : first;
}
