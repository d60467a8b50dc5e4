import { request } from 'node:http';
import { isJsonObject, parseJson } from '../../lib/json.ts';

/** How many timers an agent says that it has (docs/local-api.md); `undefined` when it does not say. */
export async function agentTimers(socketPath: string, signal: AbortSignal): Promise<number | undefined> {
  const status = parseJson(await answerOf(socketPath, signal));
  const resources = isJsonObject(status) ? status['resources'] : undefined;
  const timers = isJsonObject(resources) ? resources['timers'] : undefined;
  return typeof timers === 'number' ? timers : undefined;
}

/** Empty when there is no agent, or none that answers: it is being killed, or frozen. */
function answerOf(socketPath: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolve) => {
    const nothing = (): void => {
      resolve('');
    };
    const asked = request({ socketPath, path: '/v1/status', agent: false, signal }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', nothing);
      response.on('end', () => {
        resolve(Buffer.concat(parts).toString());
      });
    });
    asked.on('error', nothing);
    asked.end();
  });
}
