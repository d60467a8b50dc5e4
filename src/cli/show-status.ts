import type { LocalApiConfig } from '../config/local-api-schema.ts';
import { SystemClock } from '../lib/clock.ts';
import { withDeadline } from '../lib/deadline.ts';
import { isJsonObject } from '../lib/json.ts';
import type { JsonObject } from '../lib/json.ts';
import { askLocalApi } from '../local-api/ask.ts';
import type { AgentStatus } from '../local-api/status.ts';
import { readConfig } from './read-config.ts';
import { runningAgent } from './running-agent.ts';
import { socketPathsToTry } from './socket-path.ts';
import { stateDirectoryOf } from './state-directory.ts';
import { statusText } from './status-text.ts';
import { CommandError } from './usage.ts';

/** Of a socket's mode. */
const groupsBits = 0o060;

/** In milliseconds; the agent answers within a few. */
const answerDeadlineMs = 5000;

/** `dps-agent status`. Throws a CommandError when no agent answers. */
export async function showStatus(configPath: string, output: 'text' | 'json'): Promise<string> {
  const { config } = await readConfig(configPath);
  const stateDirectory = stateDirectoryOf(config);
  const answer = await firstAnswer(stateDirectory, config.localApi);
  if (output === 'json') return `${JSON.stringify(answer, undefined, 2)}\n`;
  if (!isStatus(answer))
    throw new CommandError(
      'cannot read what the running agent answers: it is of another version; --output json shows it as it is',
    );
  return statusText(answer, new SystemClock().now());
}

async function firstAnswer(stateDirectory: string, localApi: LocalApiConfig): Promise<JsonObject> {
  const paths = socketPathsToTry(stateDirectory, localApi.path);
  for (const path of paths) {
    try {
      return await ask(path);
    } catch (error) {
      if (!isNobodyThere(error))
        throw new CommandError(`cannot ask the agent at ${path}${advice(error, localApi)}`, { cause: error });
    }
  }
  throw new CommandError(await whyNobodyAnswers(paths, stateDirectory));
}

function ask(path: string): Promise<JsonObject> {
  const late = new Error(`no answer within ${answerDeadlineMs} ms`);
  const never = new AbortController().signal;
  return withDeadline(new SystemClock(), answerDeadlineMs, late, never, (signal) =>
    askLocalApi(path, '/v1/status', signal),
  );
}

async function whyNobodyAnswers(paths: readonly string[], stateDirectory: string): Promise<string> {
  const pid = await runningAgent(stateDirectory);
  const places = paths.join(' or ');
  if (pid !== undefined)
    return `cannot tell the status: the agent runs (process ${pid}), but nobody listens at ${places}; its log says why: journalctl -u dps-agent`;
  return (
    `cannot tell the status: the agent is not running (nobody listens at ${places})\n` +
    '  to see why the service is not:  systemctl status dps-agent\n' +
    '  to run it in this terminal:     dps-agent run'
  );
}

/** No socket, or one that a killed agent has left. */
function isNobodyThere(error: unknown): boolean {
  return codeOf(error) === 'ENOENT' || codeOf(error) === 'ECONNREFUSED' || codeOf(error) === 'ENOTDIR';
}

function advice(error: unknown, localApi: LocalApiConfig): string {
  const isForbidden = codeOf(error) === 'EACCES' || codeOf(error) === 'EPERM';
  return isForbidden ? forbiddenAdvice(localApi) : '';
}

/** The end of a sentence about a socket that may not be used: who may. */
export function forbiddenAdvice({ mode, group }: Pick<LocalApiConfig, 'mode' | 'group'>): string {
  if ((mode & groupsBits) === 0) return ', only root and the user it runs as may: sudo dps-agent status';
  const who = group === undefined ? 'its group' : `the group ${group}`;
  return `, only root, the user it runs as and ${who} may: sudo dps-agent status, or log in as one of ${who}`;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

/** Told by its parts: client and agent are one program, but may be two versions of it during an upgrade. */
function isStatus(answer: JsonObject): answer is JsonObject & AgentStatus {
  const parts = ['agent', 'state', 'identity', 'clock', 'queue'];
  return parts.every((part) => isJsonObject(answer[part])) && Array.isArray(answer['certificates']);
}
