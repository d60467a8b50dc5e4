import process from 'node:process';
import { runProgram } from '../clock-sync/run-program.ts';
import { SystemClock } from '../lib/clock.ts';
import { agentPlace } from './agent-place.ts';
import { AgentHidden, NobodyThere } from './agent-socket.ts';
import type { AgentPlace } from './agent-socket.ts';
import { askStatus, isStatus } from './ask-status.ts';
import { painter } from './colour.ts';
import { isOver, lastKnown, lastKnownText } from './last-known.ts';
import type { LastKnown } from './last-known.ts';
import { jsonDocument } from './output-option.ts';
import type { Output } from './output-option.ts';
import { print } from './print.ts';
import { runningAgent } from './running-agent.ts';
import { statusText } from './status-text.ts';
import { CommandError, exitCodes } from './usage.ts';

/**
 * `dps-agent status`: prints what the running agent says; where none runs, what it left behind. Returns the exit code.
 * Throws a CommandError when it runs and cannot be asked.
 */
export async function showStatus(configPath: string, output: Output): Promise<number> {
  const place = await agentPlace(configPath);
  try {
    const answer = await askStatus(place);
    await print(output === 'json' ? jsonDocument(answer) : runningText(answer));
    return exitCodes.success;
  } catch (error) {
    if (error instanceof NobodyThere) return await showLastKnown(place, error, output);
    if (error instanceof AgentHidden) return await showService(place, error, output);
    throw error;
  }
}

function runningText(answer: Awaited<ReturnType<typeof askStatus>>): string {
  if (isStatus(answer)) return statusText(answer, new SystemClock().now(), painter(process.stdout));
  throw new CommandError(
    'cannot read what the running agent answers: it is of another version; --output json shows it as it is',
  );
}

async function showLastKnown(place: AgentPlace, why: NobodyThere, output: Output): Promise<number> {
  if ((await runningAgent(place.stateDirectory)) !== undefined) throw why;
  return tell(await lastKnown(place.stateDirectory, runProgram), output);
}

/** systemd tells everybody whether its service runs; what that left behind is for the few who may see it. */
async function showService(place: AgentPlace, why: AgentHidden, output: Output): Promise<number> {
  const known = await lastKnown(place.stateDirectory, runProgram);
  if (known.service === undefined || !isOver(known.service.active)) throw why;
  return tell(known, output);
}

async function tell(known: LastKnown, output: Output): Promise<number> {
  await print(output === 'json' ? jsonDocument(known) : lastKnownText(known, new SystemClock().now()));
  return exitCodes.notRunning;
}
