import type { Evidence, FaultRecord, StateChange } from '../evidence.ts';
import { grouped } from './grouped.ts';

/** From and to, in milliseconds of the run. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface StateSpan extends Span {
  readonly state: string;
  readonly code?: string;
}

/** Every agent that there is word of. */
export function agentsOf({ ledger, states }: Evidence): string[] {
  return [...new Set([...Object.keys(ledger), ...states.map(({ agent }) => agent)])];
}

/** When the last phase ended: what comes after it, such as stopping everybody, proves nothing. */
export function observedUntilMs({ phases, run }: Evidence): number {
  return phases.reduce((latest, { endMs }) => Math.max(latest, endMs), 0) || run.durationMs;
}

/** What each agent was in, from the start of the run to the end of its last phase; at first it was `unseen`. */
export function stateSpans(evidence: Evidence): Map<string, StateSpan[]> {
  const endMs = observedUntilMs(evidence);
  const changes = grouped(evidence.states, ({ agent }) => agent);
  return new Map(agentsOf(evidence).map((agent) => [agent, spansOf(changes.get(agent) ?? [], endMs)]));
}

/** Without a connection, whatever it was called meanwhile. */
export function offlineSpans(spans: readonly StateSpan[]): Span[] {
  return joined(spans.filter(({ state }) => state !== 'connected'));
}

/** The spans in which a fault was in force for an agent, each `graceMs` longer; those that overlap are one. */
export function faultSpans(evidence: Evidence, graceMs = 0): Map<string, Span[]> {
  const spans = new Map<string, Span[]>();
  for (const { agents, startMs, endMs } of faultsMade(evidence)) {
    for (const agent of agents) {
      const list = spans.get(agent) ?? [];
      list.push({ fromMs: startMs, toMs: endMs + graceMs });
      spans.set(agent, list);
    }
  }
  return new Map([...spans].map(([agent, list]) => [agent, joined(list)]));
}

export function faultsMade({ faults }: Evidence): FaultRecord[] {
  return faults.filter(({ unavailable }) => unavailable === undefined);
}

/** Those that touch are one; in order. */
export function joined(spans: readonly Span[]): Span[] {
  const joint: Span[] = [];
  for (const { fromMs, toMs } of [...spans].sort((one, other) => one.fromMs - other.fromMs)) {
    const last = joint.at(-1);
    if (last === undefined || fromMs > last.toMs) joint.push({ fromMs, toMs });
    else joint[joint.length - 1] = { fromMs: last.fromMs, toMs: Math.max(last.toMs, toMs) };
  }
  return joint;
}

/** What is left of a span without the others, which are in order and apart. */
export function without(span: Span, others: readonly Span[]): Span[] {
  const left: Span[] = [];
  let { fromMs } = span;
  for (const other of others) {
    if (other.toMs <= fromMs || other.fromMs >= span.toMs) continue;
    if (other.fromMs > fromMs) left.push({ fromMs, toMs: other.fromMs });
    fromMs = other.toMs;
  }
  if (fromMs < span.toMs) left.push({ fromMs, toMs: span.toMs });
  return left;
}

export function isWithin(atMs: number, spans: readonly Span[]): boolean {
  return spans.some(({ fromMs, toMs }) => atMs >= fromMs && atMs <= toMs);
}

function spansOf(changes: readonly StateChange[], endMs: number): StateSpan[] {
  const starts = [{ atMs: 0, state: 'unseen' }, ...changes].filter(({ atMs }) => atMs < endMs);
  return starts
    .map((start: { atMs: number; state: string; code?: string }, index) => ({
      fromMs: start.atMs,
      toMs: starts[index + 1]?.atMs ?? endMs,
      state: start.state,
      ...(start.code === undefined ? {} : { code: start.code }),
    }))
    .filter(({ fromMs, toMs }) => toMs > fromMs);
}
