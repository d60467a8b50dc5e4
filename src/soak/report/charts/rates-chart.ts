import type { Evidence } from '../../evidence.ts';
import { stepMsFor } from './chart.ts';
import type { Chart } from './chart.ts';

const minuteMs = 60_000;
/** A limit further above everything than so many times would leave a flat line of what there is. */
const farOff = 5;

/** How often DPS was asked and connections were made, in any minute. */
export function ratesChart(evidence: Evidence, registrationsPerMinute: number | undefined): Chart {
  const { durationMs } = evidence.run;
  const stepMs = stepMsFor(durationMs);
  const registrations = perMinute(
    evidence.registrations.map(({ atMs }) => atMs),
    durationMs,
    stepMs,
  );
  const sessions = perMinute(
    evidence.sessions.map(({ startMs }) => startMs),
    durationMs,
    stepMs,
  );
  const tries = perMinute(
    evidence.states.flatMap(({ state, atMs }) =>
      state === 'connecting' || state === 'provisioning' ? [atMs] : [],
    ),
    durationMs,
    stepMs,
  );
  const highest = [...registrations, ...sessions, ...tries].reduce((one, other) => Math.max(one, other), 1);
  const isFar = registrationsPerMinute !== undefined && registrationsPerMinute > farOff * highest;
  const limit =
    registrationsPerMinute === undefined || isFar
      ? {}
      : { limit: { value: registrationsPerMinute, label: 'limit of registrations' } };
  const far = isFar ? ` The limit of ${registrationsPerMinute} registrations is far above the chart.` : '';
  return {
    id: 'rates',
    title: 'Registrations and connections',
    note: `Of all agents, in the minute before; the most of each ${stepMs / 1000} s.${far}`,
    unit: '/min',
    at: Array.from({ length: registrations.length }, (_, index) => (index * stepMs) / 1000),
    series: [
      { label: 'attempts, as agents say', colour: 'grey', values: tries },
      { label: 'sessions begun', colour: 'blue', values: sessions },
      { label: 'registrations', colour: 'violet', values: registrations },
    ],
    isStacked: false,
    ...limit,
  };
}

/** Of each step the most that came within one minute that ended in it. */
export function perMinute(times: readonly number[], durationMs: number, stepMs: number): number[] {
  const sorted = Float64Array.from(times).sort();
  const most = new Array<number>(Math.max(1, Math.ceil(durationMs / stepMs))).fill(0);
  let first = 0;
  for (const [index, atMs] of sorted.entries()) {
    while ((sorted[first] ?? atMs) <= atMs - minuteMs) first += 1;
    const step = Math.min(most.length - 1, Math.floor(atMs / stepMs));
    most[step] = Math.max(most[step] ?? 0, index - first + 1);
  }
  // At its beginning a step still has what came in the minute before.
  let [from, to] = [0, 0];
  for (const step of most.keys()) {
    const atMs = step * stepMs;
    while (to < sorted.length && (sorted[to] ?? 0) < atMs) to += 1;
    while (from < to && (sorted[from] ?? 0) <= atMs - minuteMs) from += 1;
    most[step] = Math.max(most[step] ?? 0, to - from);
  }
  return most;
}
