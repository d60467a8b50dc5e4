import { isJsonObject, parseJson } from '../lib/json.ts';
import { openLocalApi, textOf } from '../local-api/ask.ts';
import { agentPlace } from './agent-place.ts';
import { withAgent } from './agent-socket.ts';
import { inTime } from './ask-status.ts';
import type { Output } from './output-option.ts';
import { print } from './print.ts';
import { exitCodes } from './usage.ts';

/**
 * `dps-agent status --check`: whether the agent is well, by `GET /v1/health`. Returns the exit code. Throws a CommandError
 * when it does not run, or does not answer in time.
 */
export async function checkHealth(configPath: string, output: Output): Promise<number> {
  const place = await agentPlace(configPath);
  const errand = { doing: 'tell whether the agent is healthy', command: 'status --check' };
  const { status, text } = await withAgent(place, errand, (path) =>
    inTime(async (signal) => {
      const response = await openLocalApi(path, { path: '/v1/health' }, signal);
      return { status: response.statusCode, text: await textOf(response) };
    }),
  );
  await print(output === 'json' ? text : `${inWords(text)}\n`);
  return status === 200 ? exitCodes.success : exitCodes.failure;
}

function inWords(text: string): string {
  const report = parseJson(text);
  if (!isJsonObject(report)) return `cannot read the agent’s answer: ${text.trim()}`;
  const { healthy, state, hanging } = report;
  if (healthy === true) return `healthy: ${String(state)}`;
  const loops = Array.isArray(hanging) ? hanging.join(', ') : text.trim();
  return `unhealthy: no longer turning: ${loops}; to start it anew: sudo systemctl restart dps-agent`;
}
