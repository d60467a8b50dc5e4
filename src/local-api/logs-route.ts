import type { Parsed } from '../config/found.ts';
import type { Clock } from '../lib/clock.ts';
import { logAreas, logLevels } from '../log-areas.ts';
import type { LineFilter } from '../logging/log-ring.ts';
import { Refusal } from './answer.ts';
import { Backlog } from './backlog.ts';
import { timeOf } from './message-parts.ts';
import { parametersOf, quoted } from './query.ts';
import type { Route } from './router.ts';
import { Streams } from './streams.ts';
import type { Write } from './streams.ts';

/** The last lines of the log, and those to come. */
export interface LogSource {
  newestFirst(filter: LineFilter): Iterable<string>;
  /** Lines that are no longer there. */
  readonly dropped: number;
  /** Hands over each line wanted from now on, until the function that is returned is called. */
  watch(onLine: (line: string) => void, filter: LineFilter): () => void;
}

export interface LogsRouteOptions {
  readonly source: LogSource;
  /** Reads `10m` and the like into milliseconds. */
  readonly parseDuration: (value: unknown) => Parsed<number>;
  readonly clock: Pick<Clock, 'now'>;
  readonly stop: AbortSignal;
}

const mostReaders = 4;
/** What one reader may be behind by. */
const maxLines = 5000;
const maxBytes = 1024 * 1024;
/** Handed to the socket at once. */
const linesAtOnce = 100;

/**
 * `GET /v1/logs[?since=10m&until=…&level=warn&area=connection&lines=100&follow=true]`: the lines in memory as they were
 * logged, oldest first; `Dps-Agent-Lines-Gone` says how many have gone since the start. With `follow` also those to come.
 */
export function logsRoute({ source, parseDuration, clock, stop }: LogsRouteOptions): Route {
  const streams = new Streams('the log', mostReaders, stop);
  return {
    method: 'GET',
    path: '/v1/logs',
    answer: ({ response, query }) => {
      const { since, until, level, area, lines, follow = 'false' } = parametersOf(query, parameterNames);
      if (follow !== 'true' && follow !== 'false')
        throw new Refusal(400, `cannot use follow=${quoted(follow)}: write true or false`);
      const momentIn = (name: string, text: string | undefined): number | undefined =>
        text === undefined ? undefined : momentOf(name, text, parseDuration, clock.now().getTime());
      const filter = {
        sinceMs: momentIn('since', since),
        untilMs: momentIn('until', until),
        level: oneOf('level', logLevels, level),
        area: oneOf('area', logAreas, area),
      };
      const most = lines === undefined ? Infinity : countOf(lines);
      const headers = { ...ndjson, 'Dps-Agent-Lines-Gone': String(source.dropped) };
      return streams.answer(response, headers, async (write, signal) => {
        const backlog = new Backlog<string>(maxLines, maxBytes);
        const onLine = (line: string): void => {
          backlog.push(line, line.length);
        };
        const leave = follow === 'true' ? source.watch(onLine, filter) : undefined;
        try {
          if (!(await writeAll(newest(source, filter, most), write)) || leave === undefined) return;
          await tell(backlog, clock, write, signal);
        } finally {
          leave?.();
        }
      });
    },
  };
}

const parameterNames = ['since', 'until', 'level', 'area', 'lines', 'follow'] as const;
const ndjson = { 'Content-Type': 'application/x-ndjson; charset=utf-8' };

function newest(source: LogSource, filter: LineFilter, most: number): string[] {
  const lines: string[] = [];
  for (const line of source.newestFirst(filter)) {
    if (lines.length >= most) break;
    lines.push(line);
  }
  return lines.reverse();
}

async function tell(
  backlog: Backlog<string>,
  clock: Pick<Clock, 'now'>,
  write: Write,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const { items, omitted } = await backlog.next(signal);
    const all = omitted === 0 ? items : [...items, omittedLine(omitted, clock.now())];
    if (!(await writeAll(all, write))) return;
  }
}

/** In the form of a line of the log. */
function omittedLine(count: number, time: Date): string {
  return JSON.stringify({ level: 40, time, msg: `${count} lines were left out: they are read too slowly` });
}

async function writeAll(lines: readonly string[], write: Write): Promise<boolean> {
  for (let first = 0; first < lines.length; first += linesAtOnce) {
    const some = lines.slice(first, first + linesAtOnce);
    if (!(await write(some.map((line) => `${line}\n`).join('')))) return false;
  }
  return true;
}

/** A time, or how long ago. */
function momentOf(
  name: string,
  text: string,
  parseDuration: LogsRouteOptions['parseDuration'],
  nowMs: number,
): number {
  const ago = /^\d+$/.test(text) ? { problem: '' } : parseDuration(text);
  if ('value' in ago) return nowMs - ago.value;
  try {
    return timeOf(/^\d+$/.test(text) ? Number(text) : text);
  } catch {
    throw new Refusal(
      400,
      `cannot use ${name}=${quoted(text)}: write how long ago, such as 10m, a time such as 2026-11-22T09:30:00Z, or ` +
        'milliseconds since 1970',
    );
  }
}

function oneOf<const Word extends string>(
  name: string,
  words: readonly Word[],
  text: string | undefined,
): Word | undefined {
  if (text === undefined) return undefined;
  const word = words.find((candidate) => candidate === text);
  if (word === undefined)
    throw new Refusal(400, `cannot use ${name}=${quoted(text)}: there are ${words.join(', ')}`);
  return word;
}

function countOf(text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new Refusal(400, `cannot use lines=${quoted(text)}: write a whole number from 1`);
}
