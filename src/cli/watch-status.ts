import process from 'node:process';
import { SystemClock } from '../lib/clock.ts';
import { untilStopped } from '../lib/deadline.ts';
import { describeError } from '../lib/errors.ts';
import { agentPlace } from './agent-place.ts';
import type { AgentPlace } from './agent-socket.ts';
import { askStatus, isStatus } from './ask-status.ts';
import { painter } from './colour.ts';
import { jsonLine } from './output-option.ts';
import type { Output } from './output-option.ts';
import { print } from './print.ts';
import { statusText } from './status-text.ts';
import { CommandError, exitCodes } from './usage.ts';

/** ECMA-48: to the upper left corner, and the rest of the line or of the screen wiped. */
const home = '\u001b[H';
const wipeLine = '\u001b[K';
const wipeBelow = '\u001b[J';

/**
 * `dps-agent status --watch`: the status again and again, on a terminal always in the same place, until Ctrl-C, or until
 * whoever reads has gone. An agent that ends or is started anew in between is said and waited for. Returns the exit code.
 */
export async function watchStatus(configPath: string, output: Output, everyMs: number): Promise<number> {
  const place = await agentPlace(configPath);
  const clock = new SystemClock();
  const stop = new AbortController();
  const onSignal = (): void => {
    stop.abort(new Error('stopped by a signal'));
  };
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  const show = output === 'text' ? (process.stdout.isTTY ? inPlace() : asBlock) : asTold;
  do {
    const told = await untilStopped(tell(place, output, clock.now()), stop.signal);
    if (told === undefined || !(await print(show(told)))) break;
    await untilStopped(clock.sleep(everyMs, stop.signal), stop.signal);
  } while (!stop.signal.aborted);
  return exitCodes.success;
}

/** The status in the form asked for, or why there is none. */
async function tell(place: AgentPlace, output: Output, now: Date): Promise<string> {
  try {
    const answer = await askStatus(place);
    if (output === 'json') return jsonLine(answer);
    if (isStatus(answer)) return statusText(answer, now, painter(process.stdout));
    return 'cannot read what the running agent answers: it is of another version\n';
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const text = describeError(error);
    return output === 'json' ? jsonLine({ error: text }) : `${now.toISOString()}  ${text}\n`;
  }
}

function asTold(text: string): string {
  return text;
}

function asBlock(text: string): string {
  return `${text}\n`;
}

/** Written over what was there before, so that nothing flickers. */
function inPlace(): (text: string) => string {
  let isFirst = true;
  return (text) => {
    const begin = isFirst ? `${home}${wipeBelow}` : home;
    isFirst = false;
    return `${begin}${text.replaceAll('\n', `${wipeLine}\n`)}${wipeBelow}`;
  };
}
