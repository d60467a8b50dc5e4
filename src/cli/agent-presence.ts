import type { AgentPresence } from '../checks/scene.ts';
import { describeError } from '../lib/errors.ts';
import { askLocalApi } from '../local-api/ask.ts';
import { NobodyThere, withAgent } from './agent-socket.ts';
import type { AgentPlace } from './agent-socket.ts';
import { inTime, isStatus } from './ask-status.ts';
import { isForbidden } from './forbidden.ts';
import { runningAgent } from './running-agent.ts';
import { CommandError } from './usage.ts';

const errand = { doing: 'ask the agent', command: 'check' };

/** Whether an agent of this configuration runs, and what it says. An agent that may run is one that must not be disturbed. */
export async function agentPresence(place: AgentPlace): Promise<AgentPresence> {
  try {
    return await withAgent(place, errand, async (at) => {
      const answer = await inTime((signal) => askLocalApi(at, '/v1/status', signal));
      if (isStatus(answer)) return { kind: 'answers', status: answer, at };
      return silent('the agent runs, of another version that tells its status otherwise');
    });
  } catch (error) {
    return await absentOrSilent(place, error);
  }
}

async function absentOrSilent({ stateDirectory }: AgentPlace, error: unknown): Promise<AgentPresence> {
  if (!(error instanceof CommandError)) throw error;
  const isAbsent = error instanceof NobodyThere && (await runningAgent(stateDirectory)) === undefined;
  if (isAbsent) return { kind: 'absent' };
  return silent(describeError(error), isForbidden(error.cause));
}

function silent(why: string, forbidden = false): AgentPresence {
  return { kind: 'silent', why, isForbidden: forbidden };
}
