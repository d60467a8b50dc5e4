import process from 'node:process';
import { unitProperties } from '../checks/unit-properties.ts';
import { runProgram } from '../clock-sync/run-program.ts';
import { isJsonObject, parseJson } from '../lib/json.ts';
import type { LogArea, LogLevel } from '../log-areas.ts';
import { LogRing, lineFits } from '../logging/log-ring.ts';
import { unitName } from '../supervision/unit-name.ts';
import { journalLines } from '../uploads/journal.ts';
import { agentLines } from './agent-lines.ts';
import { agentPlace } from './agent-place.ts';
import type { AgentPlace } from './agent-socket.ts';
import { painter } from './colour.ts';
import { isForbidden } from './forbidden.ts';
import { journalLine } from './journal-line.ts';
import { logLineText } from './log-line-text.ts';
import type { Output } from './output-option.ts';
import { print } from './print.ts';
import { readInput } from './read-input.ts';
import { runningAgent } from './running-agent.ts';
import { defaultStateDirectory } from './state-directory.ts';
import { thisHost } from './this-host.ts';
import { CommandError } from './usage.ts';

export interface LogsCommand {
  readonly sinceMs: number | undefined;
  readonly untilMs: number | undefined;
  readonly level?: LogLevel | undefined;
  readonly area?: LogArea | undefined;
  /** Only the last ones; absent: all. */
  readonly lines: number | undefined;
  readonly follow: boolean;
  readonly source: 'auto' | 'journal' | 'memory';
  readonly file?: string | undefined;
  readonly output: Output;
}

/** `dps-agent logs`. Throws a CommandError when there is no log to be had. */
export async function showLogs(configPath: string, command: LogsCommand): Promise<void> {
  const paint = painter(process.stdout);
  for await (const line of await linesOf(configPath, command)) {
    const text = command.output === 'json' ? `${line}\n` : logLineText(line, paint);
    if (!(await print(text))) return;
  }
}

async function linesOf(configPath: string, command: LogsCommand): Promise<AsyncIterable<string>> {
  const { file, lines, source } = command;
  if (file !== undefined) return lastOf(fileLines(file, command), lines);
  if (source === 'journal') return fromJournal(command);
  const place = await agentPlace(configPath);
  const isService = source === 'auto' && (await isTheService(place));
  return isService ? fromJournal(command) : fromMemory(place, command);
}

async function* fileLines(
  file: string,
  { level, area, sinceMs, untilMs }: LogsCommand,
): AsyncGenerator<string, void, undefined> {
  const text = (await readInput(file)).toString('utf8');
  for (const entry of text.split('\n')) {
    if (entry === '') continue;
    const line = isJsonObject(parseJson(entry)) && entry.includes('"MESSAGE"') ? journalLine(entry) : entry;
    if (lineFits(line, { level, area, sinceMs, untilMs })) yield line;
  }
}

/** Whether what runs on this state directory, or would, is systemd's service. */
async function isTheService({ stateDirectory }: AgentPlace): Promise<boolean> {
  const told = await unitProperties(['LoadState', 'MainPID'], runProgram, new AbortController().signal);
  if (told?.LoadState !== 'loaded') return false;
  const pid = await runningAgent(stateDirectory).catch(ifForbidden);
  if (pid === undefined) return stateDirectory === defaultStateDirectory;
  return told.MainPID === String(pid);
}

/** The state directory is the agent's alone; whoever may read the journal need not be let in there. */
function ifForbidden(error: unknown): undefined {
  if (!isForbidden(error)) throw error;
}

function fromJournal(command: LogsCommand): AsyncIterable<string> {
  const { sinceMs, untilMs, level, area, lines, follow } = command;
  // Which are wanted is known only here; where all are, the journal need not be read from its beginning.
  const isCounted = follow || (level === undefined && area === undefined);
  const filter = { sinceMs, untilMs, level, follow, lines: isCounted ? lines : undefined };
  const wanted = async function* (): AsyncGenerator<string, void, undefined> {
    try {
      for await (const entry of journalLines(unitName, filter, thisHost())) {
        const line = journalLine(entry);
        if (lineFits(line, { area })) yield line;
      }
    } catch (cause) {
      const message = 'cannot show the log, which root and the group systemd-journal may read';
      throw new CommandError(message, { cause });
    }
  };
  return follow ? wanted() : lastOf(wanted(), lines);
}

async function fromMemory(place: AgentPlace, command: LogsCommand): Promise<AsyncIterable<string>> {
  const { sinceMs, untilMs, level, area, lines, follow } = command;
  const wanted = { since: sinceMs, until: untilMs, level, area, lines, follow };
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(wanted))
    if (value !== undefined) query.set(name, String(typeof value === 'number' ? Math.round(value) : value));
  const path = `/v1/logs?${query.toString()}`;
  const errand = { doing: 'show the log', command: 'logs' };
  return agentLines(place, errand, path);
}

/** More than so many bytes of lines are not held for the sake of the last ones. */
const mostBytes = 64 * 1024 * 1024;

async function* lastOf(
  lines: AsyncIterable<string>,
  count: number | undefined,
): AsyncGenerator<string, void, undefined> {
  if (count === undefined) {
    yield* lines;
    return;
  }
  const held = new LogRing(mostBytes);
  for await (const line of lines) held.push(line);
  yield* held.lines().slice(-count);
}
