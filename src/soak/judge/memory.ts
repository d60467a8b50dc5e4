import type { Evidence } from '../evidence.ts';
import type { Limits } from '../scenario/scenario.ts';
import { moment, notJudged, some, within } from './invariant.ts';
import type { Invariant } from './invariant.ts';
import { leastLifeMs, longestLives } from './lives.ts';
import type { Life } from './lives.ts';
import { median, robustLine } from './robust.ts';
import type { Finding } from './verdict.ts';

const hourMs = 3_600_000;
const megabyte = 1024 * 1024;
/**
 * What a process may still settle by after warm-up, however short the time: a heap that V8 makes larger once, a backlog in
 * memory, pages not given back. So a short run tells only what grows fast, and a long one what grows slowly.
 */
const settling = { bytes: 20 * megabyte, perFurtherAgent: megabyte };
/** Samples follow from one another: more than so many are no more certain. */
const independentSamples = 20;
/** Beyond three standard errors it is no accident. */
const standardErrors = 3;

/** Of half the processes: what every agent does. */
export const memorySlope: Invariant = (evidence, limits) =>
  judged(evidence, limits, {
    id: 'memory-slope',
    title: "An agent's memory does not grow",
    settlings: 1,
    of: (growths) => ({
      slope: median(growths.map(({ slope }) => slope)),
      leeway: median(growths.map(({ leeway }) => leeway)),
    }),
  });

/** Of the process that grows most: what only some agents do. One of many may be the odd one, so it is allowed more. */
export const memoryWorst: Invariant = (evidence, limits) =>
  judged(evidence, limits, {
    id: 'memory-worst',
    title: "No single process's memory grows",
    settlings: 2,
    of: (growths) => worst(growths),
  });

interface Growth {
  readonly unit: string;
  readonly spanMs: number;
  /** Of one agent, in bytes an hour. */
  readonly slope: number;
  /** What such a life may seem to grow by without a leak, likewise. */
  readonly leeway: number;
}

interface Question {
  readonly id: string;
  readonly title: string;
  /** How many times a process may settle. */
  readonly settlings: number;
  readonly of: (growths: readonly Growth[]) => Pick<Growth, 'slope' | 'leeway'>;
}

function judged(evidence: Evidence, limits: Limits, question: Question): Finding {
  const { id, title, settlings } = question;
  const subject = { id, title, limit: limits.memoryBytesPerAgentHour, unit: 'bytes/h' };
  const growths = longestLives(evidence.processes).map((life) => growthOf(life, settlings));
  if (growths.length === 0) {
    return notJudged(
      subject,
      `no process lived for ${moment(leastLifeMs)}, which is the least to tell growth by`,
    );
  }
  const { slope, leeway } = question.of(growths);
  const limit = limits.memoryBytesPerAgentHour + leeway;
  const fastest = [...growths].sort((one, other) => other.slope - one.slope);
  const detail =
    `${growths.length} processes over ${moment(median(growths.map(({ spanMs }) => spanMs)))} after warm-up, in which ` +
    `less than ${inMegabytes(leeway)} an hour cannot be told from settling and noise; fastest: ` +
    some(fastest.slice(0, 3).map((growth) => `${growth.unit} ${inMegabytes(growth.slope)} an hour`));
  return within({ ...subject, limit }, slope, { held: detail, broken: detail });
}

function growthOf({ unit, agents, samples, spanMs }: Life, settlings: number): Growth {
  const { slope, scatter } = robustLine(samples.map(({ atMs, rssBytes }) => ({ x: atMs, y: rssBytes })));
  const spread = Math.sqrt(12 / Math.min(independentSamples, samples.length));
  const settlingBytes = settling.bytes + settling.perFurtherAgent * (agents - 1);
  const leewayBytes = settlings * settlingBytes + standardErrors * scatter * spread;
  const perAgentHour = hourMs / agents;
  return { unit, spanMs, slope: slope * perAgentHour, leeway: (leewayBytes / spanMs) * perAgentHour };
}

/** The one furthest beyond its own leeway. */
function worst(growths: readonly Growth[]): Pick<Growth, 'slope' | 'leeway'> {
  return growths.reduce((one, other) => (other.slope - other.leeway > one.slope - one.leeway ? other : one));
}

function inMegabytes(bytes: number): string {
  return `${(bytes / megabyte).toFixed(2)} MB`;
}
