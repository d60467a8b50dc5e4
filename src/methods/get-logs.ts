import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import * as v from 'valibot';
import type { Clock } from '../lib/clock.ts';
import { parseJson } from '../lib/json.ts';
import { logAreas, logLevels } from '../log-areas.ts';
import type { LineFilter } from '../logging/log-ring.ts';
import { flag, moment, momentMs, oneOf, wholeNumber } from './argument-kinds.ts';
import type { Method } from './method.ts';
import { maxAnswerBytes } from './method-table.ts';

/** Where the last lines of the log are, as JSON. */
export interface LogLines {
  newestFirst(filter: LineFilter): Iterable<string>;
  /** Lines that are no longer there. */
  readonly dropped: number;
}

const args = v.object({
  since: v.optional(moment),
  until: v.optional(moment),
  lines: v.optional(wholeNumber(1, 1_000_000)),
  level: v.optional(oneOf(logLevels)),
  area: v.optional(oneOf(logAreas)),
  gzip: v.optional(flag, false),
});

type LogRequest = v.InferOutput<typeof args>;

/**
 * `getLogs {since?, until?, lines?, level?, area?, gzip?}`: the last lines of the log that are wanted, as many of the
 * newest as one answer holds. `omitted` says how many were left out, `truncated` whether because of the answer's limit,
 * and `dropped` how many lines have gone from memory since the start. With `gzip` the lines are NDJSON, compressed and
 * in base64, and about six times as many fit.
 */
export function getLogs(log: LogLines, clock: Pick<Clock, 'now'>): Method<LogRequest> {
  return {
    name: 'getLogs',
    component: 'log',
    args,
    handle: async (request) => {
      const matching = [...log.newestFirst(filterOf(request, clock.now().getTime()))];
      const wanted = matching.slice(0, request.lines);
      const { count, body } = request.gzip ? await compressed(wanted) : plain(wanted);
      const omitted = matching.length - count;
      const payload = { count, omitted, truncated: count < wanted.length, dropped: log.dropped, ...body };
      return { status: 200, payload };
    },
  };
}

/** For what else is in an answer. */
const room = maxAnswerBytes - 512;

function filterOf({ since, until, level, area }: LogRequest, nowMs: number): LineFilter {
  return {
    sinceMs: since === undefined ? undefined : momentMs(since, nowMs),
    untilMs: until === undefined ? undefined : momentMs(until, nowMs),
    level,
    area,
  };
}

interface Cut {
  readonly count: number;
  readonly body: { readonly lines: unknown[] } | { readonly gzip: string };
}

/** @param lines newest first; told oldest first */
function plain(lines: readonly string[]): Cut {
  let [count, bytes] = [0, 0];
  for (const line of lines) {
    bytes += Buffer.byteLength(line) + 1;
    if (bytes > room) break;
    count += 1;
  }
  return { count, body: { lines: inOrder(lines, count).map((line) => parseJson(line) ?? line) } };
}

const compress = promisify(gzip);

/** Fewer and fewer until they fit, guessed from how much too large the last attempt was. */
async function compressed(lines: readonly string[]): Promise<Cut> {
  for (let count = lines.length; ;) {
    const text = inOrder(lines, count)
      .map((line) => `${line}\n`)
      .join('');
    const encoded = (await compress(text)).toString('base64');
    if (encoded.length <= room || count === 0) return { count, body: { gzip: encoded } };
    count = Math.min(count - 1, Math.floor(((count * room) / encoded.length) * 0.97));
  }
}

function inOrder(newestFirst: readonly string[], count: number): string[] {
  return newestFirst.slice(0, count).reverse();
}
