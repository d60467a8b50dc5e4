import process from 'node:process';
import { stripVTControlCharacters } from 'node:util';
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
    const { columns, rows } = process.stdout;
    return `${begin}${fitted(text, columns, rows).replaceAll('\n', `${wipeLine}\n`)}${wipeBelow}`;
  };
}

/**
 * As much of a text as a terminal of this size shows without moving up: what it begins with, state and hub, would be gone,
 * and the next one not written over it. How much is left out is said in the last row.
 */
export function fitted(text: string, columns: number, rows: number): string {
  // A terminal that does not know its size, such as a serial line's, has 0.
  if (columns === 0 || rows === 0) return text;
  const lines = text.replace(/\n$/, '').split('\n');
  const heights = lines.map((line) =>
    Math.max(1, Math.ceil(stripVTControlCharacters(line).length / columns)),
  );
  const height = heights.reduce((sum, each) => sum + each, 0);
  // A row is for the cursor, below the text.
  if (height < rows) return text;
  let room = rows - 2;
  const shown = lines.filter((_, index) => (room -= heights[index] ?? 0) >= 0);
  return [
    ...shown,
    `… ${lines.length - shown.length} more lines, for a larger window`.slice(0, columns),
    '',
  ].join('\n');
}
