import { SystemClock } from '../lib/clock.ts';
import { withDeadline } from '../lib/deadline.ts';
import { isJsonObject } from '../lib/json.ts';
import type { JsonObject } from '../lib/json.ts';
import { askLocalApi } from '../local-api/ask.ts';
import type { AgentStatus } from '../local-api/status.ts';
import { withAgent } from './agent-socket.ts';
import type { AgentPlace } from './agent-socket.ts';

/** In milliseconds; an agent whose event loop turns answers within a few. */
const answerDeadlineMs = 5000;

/** What the running agent says of itself. Throws NobodyThere, or a CommandError when it cannot be asked. */
export function askStatus(place: AgentPlace): Promise<JsonObject> {
  return withAgent(place, { doing: 'tell the status', command: 'status' }, (path) =>
    inTime((signal) => askLocalApi(path, '/v1/status', signal)),
  );
}

/** Rejects when the agent takes longer for its answer than one that is well. */
export function inTime<T>(ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const late = new Error(
    `no answer within ${answerDeadlineMs / 1000} s; if it stays so it hangs: sudo systemctl restart dps-agent`,
  );
  return withDeadline(new SystemClock(), answerDeadlineMs, late, new AbortController().signal, ask);
}

/** Told by its parts: client and agent are one program, but may be two versions of it during an upgrade. */
export function isStatus(answer: JsonObject): answer is JsonObject & AgentStatus {
  const parts = ['agent', 'state', 'identity', 'clock', 'queue', 'telemetry', 'messages', 'resources'];
  const lists = ['certificates', 'inputs', 'tasks', 'errors'];
  return (
    parts.every((part) => isJsonObject(answer[part])) && lists.every((list) => Array.isArray(answer[list]))
  );
}
