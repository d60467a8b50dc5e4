import { SystemClock } from '../lib/clock.ts';
import { withDeadline } from '../lib/deadline.ts';
import { isJsonObject } from '../lib/json.ts';
import type { JsonObject } from '../lib/json.ts';
import { askLocalApi } from '../local-api/ask.ts';
import type { AgentStatus } from '../local-api/status.ts';
import { withAgent } from './agent-socket.ts';
import { readConfig } from './read-config.ts';
import { stateDirectoryOf } from './state-directory.ts';
import { statusText } from './status-text.ts';
import { CommandError } from './usage.ts';

/** In milliseconds; the agent answers within a few. */
const answerDeadlineMs = 5000;

/** `dps-agent status`. Throws a CommandError when no agent answers. */
export async function showStatus(configPath: string, output: 'text' | 'json'): Promise<string> {
  const { config } = await readConfig(configPath);
  const place = { stateDirectory: stateDirectoryOf(config), localApi: config.localApi };
  const answer = await withAgent(place, { doing: 'tell the status', command: 'status' }, ask);
  if (output === 'json') return `${JSON.stringify(answer, undefined, 2)}\n`;
  if (!isStatus(answer))
    throw new CommandError(
      'cannot read what the running agent answers: it is of another version; --output json shows it as it is',
    );
  return statusText(answer, new SystemClock().now());
}

function ask(path: string): Promise<JsonObject> {
  const late = new Error(`no answer within ${answerDeadlineMs} ms`);
  const never = new AbortController().signal;
  return withDeadline(new SystemClock(), answerDeadlineMs, late, never, (signal) =>
    askLocalApi(path, '/v1/status', signal),
  );
}

/** Told by its parts: client and agent are one program, but may be two versions of it during an upgrade. */
function isStatus(answer: JsonObject): answer is JsonObject & AgentStatus {
  const parts = ['agent', 'state', 'identity', 'clock', 'queue'];
  return parts.every((part) => isJsonObject(answer[part])) && Array.isArray(answer['certificates']);
}
