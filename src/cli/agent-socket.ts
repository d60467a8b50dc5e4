import { lstat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { LocalApiConfig } from '../config/local-api-schema.ts';
import { isForbidden } from './forbidden.ts';
import { runningAgent } from './running-agent.ts';
import { socketPathsToTry } from './socket-path.ts';
import { CommandError } from './usage.ts';

/** Where the agent of a configuration is to be found. */
export interface AgentPlace {
  readonly stateDirectory: string;
  readonly localApi: LocalApiConfig;
}

/** What an agent is asked for, in the words of a refusal. */
export interface Errand {
  /** Completes "cannot …": `tell the status`. */
  readonly doing: string;
  /** What to type, after `sudo dps-agent`. */
  readonly command: string;
}

/** Nobody listens where an agent of this configuration would. */
export class NobodyThere extends CommandError {}

/** It may not be seen whether an agent runs: its state directory is closed to whoever asks. The cause has the refusal. */
export class AgentHidden extends CommandError {}

/** Of a socket's mode. */
const groupsBits = 0o060;

/**
 * Hands `ask` the socket of the running agent, the likeliest place first. Throws NobodyThere when no agent answers,
 * AgentHidden when that may not be seen, and a CommandError when one cannot be asked.
 */
export async function withAgent<T>(
  { stateDirectory, localApi }: AgentPlace,
  errand: Errand,
  ask: (socketPath: string) => Promise<T>,
): Promise<T> {
  const paths = socketPathsToTry(stateDirectory, localApi.path);
  for (const path of paths) {
    try {
      return await ask(path);
    } catch (error) {
      if (error instanceof CommandError) throw error;
      if (isForbidden(error) && (await isClosed(path))) throw hidden(dirname(path), errand, error);
      if (!isNobodyThere(error))
        throw new CommandError(`cannot ask the agent at ${path}${advice(error, localApi, errand)}`, {
          cause: error,
        });
    }
  }
  throw new NobodyThere(await whyNobodyAnswers(paths, stateDirectory, errand));
}

async function whyNobodyAnswers(
  paths: readonly string[],
  stateDirectory: string,
  errand: Errand,
): Promise<string> {
  const { doing } = errand;
  const pid = await runningAgent(stateDirectory).catch((error: unknown) => {
    throw isForbidden(error) ? hidden(stateDirectory, errand, error) : error;
  });
  const places = paths.join(' or ');
  if (pid !== undefined)
    return `cannot ${doing}: the agent runs (process ${pid}), but nobody listens at ${places}; its log says why: journalctl -u dps-agent`;
  return (
    `cannot ${doing}: the agent is not running (nobody listens at ${places})\n` +
    '  to see why the service is not:  systemctl status dps-agent\n' +
    '  to run it in this terminal:     dps-agent run'
  );
}

/** No socket, or one that a killed agent has left. */
function isNobodyThere(error: unknown): boolean {
  return codeOf(error) === 'ENOENT' || codeOf(error) === 'ECONNREFUSED' || codeOf(error) === 'ENOTDIR';
}

function advice(error: unknown, localApi: LocalApiConfig, { command }: Errand): string {
  return isForbidden(error) ? forbiddenAdvice(localApi, command) : '';
}

/** Whether it is the folder that may not be looked into, rather than the socket not used. */
async function isClosed(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return false;
  } catch (error) {
    return isForbidden(error);
  }
}

function hidden(folder: string, { doing, command }: Errand, cause: unknown): AgentHidden {
  const message =
    `cannot ${doing}: whether the agent runs may not be seen by this user, since ${folder} is closed to all but root and ` +
    `the user it runs as (sudo dps-agent ${command})`;
  return new AgentHidden(message, { cause });
}

/** The end of a sentence about a socket that may not be used: who may. */
export function forbiddenAdvice(
  { mode, group }: Pick<LocalApiConfig, 'mode' | 'group'>,
  command: string,
): string {
  const asRoot = `sudo dps-agent ${command}`;
  if ((mode & groupsBits) === 0) return `, only root and the user it runs as may: ${asRoot}`;
  const who = group === undefined ? 'its group' : `the group ${group}`;
  return `, only root, the user it runs as and ${who} may: ${asRoot}, or log in as one of ${who}`;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
