import { createInterface } from 'node:readline';
import { openLocalApi, textOf } from '../local-api/ask.ts';
import { withAgent } from './agent-socket.ts';
import type { AgentPlace, Errand } from './agent-socket.ts';
import { inTime } from './ask-status.ts';
import { CommandError } from './usage.ts';

/**
 * What the running agent answers line by line, for as long as it goes on; it begins in time or not at all. Throws a
 * CommandError when the agent cannot be asked, or is killed in between.
 */
export async function agentLines(
  place: AgentPlace,
  errand: Errand,
  path: string,
): Promise<AsyncIterable<string>> {
  const leaving = new AbortController();
  const response = await withAgent(place, errand, (socketPath) =>
    // Not with the deadline's own signal: that would end the answer with the waiting for it.
    inTime(() => openLocalApi(socketPath, { path }, leaving.signal)).catch((error: unknown) => {
      leaving.abort();
      throw error;
    }),
  );
  if (response.statusCode !== 200)
    throw new CommandError(`cannot ${errand.doing}: the agent answers: ${(await textOf(response)).trim()}`);
  return linesOf(response, errand);
}

async function* linesOf(response: NodeJS.ReadableStream, { doing }: Errand): AsyncGenerator<string> {
  try {
    yield* createInterface({ input: response });
  } catch (cause) {
    throw new CommandError(`cannot ${doing} any longer: the agent was killed, or has cut the connection`, {
      cause,
    });
  }
}
