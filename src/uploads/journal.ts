import { isJsonObject, parseJson } from '../lib/json.ts';
import { startProgram } from '../lib/program.ts';
import type { ProgramHost } from '../lib/program-host.ts';
import { logLevels } from '../log-areas.ts';
import type { LogLevel } from '../log-areas.ts';
import { WorkError } from '../work-error.ts';

export interface JournalFilter {
  /** By the wall clock, in milliseconds since 1970. */
  readonly sinceMs?: number | undefined;
  readonly untilMs?: number | undefined;
  readonly level?: LogLevel | undefined;
  /** Only so many of the last entries, whatever their level. */
  readonly lines?: number | undefined;
  /** Goes on with those to come. */
  readonly follow?: boolean | undefined;
}

const maxLineBytes = 64 * 1024;
const maxErrorBytes = 1000;

/**
 * What systemd's journal has of the agent's unit, one JSON object a line (systemd.journal-fields(7)). Lines of the agent's
 * own log count by their level; what is none, such as what systemd says of it, is always there. Throws JOURNAL-UNREADABLE.
 * @param signal ends it early
 */
export async function* journalLines(
  unit: string,
  { sinceMs, untilMs, level, lines, follow = false }: JournalFilter,
  host: ProgramHost,
  signal?: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  const doing = `read the journal of ${unit}`;
  const fields = '--output-fields=MESSAGE,PRIORITY,_PID,_SYSTEMD_INVOCATION_ID';
  const since = sinceMs === undefined ? [] : [`--since=@${Math.floor(sinceMs / 1000)}`];
  const until = untilMs === undefined ? [] : [`--until=@${Math.ceil(untilMs / 1000)}`];
  const last = lines === undefined ? ['--lines=all'] : [`--lines=${lines}`];
  const range = [...since, ...until, ...last, ...(follow ? ['--follow'] : [])];
  const args = [`--unit=${unit}`, '--output=json', fields, '--no-pager', '--quiet', ...range];
  const program = await startProgram({ command: ['journalctl', ...args], environment: {} }, host).catch(
    (cause: unknown) => {
      throw new WorkError('JOURNAL-UNREADABLE', doing, { cause });
    },
  );
  const stop = (): void => {
    void program.close();
  };
  signal?.addEventListener('abort', stop, { once: true });
  try {
    const said = beginningOf(program.stderr);
    for await (const line of linesOf(program.stdout)) if (isGraveEnough(line, level)) yield line;
    const { status } = await program.ended;
    if (status !== 0) {
      const cause = new Error(`journalctl ended with status ${String(status)}: ${await said}`);
      throw new WorkError('JOURNAL-UNREADABLE', doing, { cause });
    }
  } finally {
    signal?.removeEventListener('abort', stop);
    await program.close();
  }
}

/** Without line ends; one that is too long is left out. */
async function* linesOf(stream: AsyncIterable<Buffer>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of stream) {
    const pieces = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = pieces.pop() ?? '';
    for (const line of pieces) if (line !== '' && line.length <= maxLineBytes) yield line;
    // What is left out all the same need not be kept until its end.
    if (rest.length > 2 * maxLineBytes) rest = rest.slice(0, maxLineBytes + 1);
  }
  if (rest !== '' && rest.length <= maxLineBytes) yield rest;
}

function isGraveEnough(line: string, level: LogLevel | undefined): boolean {
  if (level === undefined) return true;
  const entry = parseJson(line);
  const message = isJsonObject(entry) ? parseJson(String(entry['MESSAGE'])) : undefined;
  // pino's numbers: 20 for debug, and ten more for each step.
  return !isJsonObject(message) || !(Number(message['level']) < 20 + 10 * logLevels.indexOf(level));
}

async function beginningOf(stream: AsyncIterable<Buffer>): Promise<string> {
  let text = '';
  for await (const chunk of stream) if (text.length < maxErrorBytes) text += chunk.toString('utf8');
  return text.slice(0, maxErrorBytes).trim();
}
