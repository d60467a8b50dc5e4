import type { Evidence, FaultRecord } from '../evidence.ts';
import { spreadOf } from '../figures.ts';
import type { RunFigures } from '../figures.ts';
import { grouped } from '../judge/grouped.ts';
import { noticeMs, recoveries } from '../judge/recovery.ts';
import { offlineSpans, stateSpans } from '../judge/spans.ts';
import type { Limits } from '../scenario/scenario.ts';

type Spread = NonNullable<RunFigures['recovery']>;

/** What one fault did to those it struck. */
export interface FaultEffect {
  readonly fault: FaultRecord;
  /** Of those struck, how many had no connection while it was in force, or lost it just after. */
  readonly offline: number;
  /** Of those that it left without a connection; absent: none, or the next fault came first. */
  readonly recovery?: Spread;
}

/** What all faults of a kind did. */
export interface KindEffect {
  readonly kind: string;
  readonly made: number;
  readonly unavailable: number;
  readonly failed: number;
  readonly recoveries: number;
  readonly recovery?: Spread;
}

/** In the order in which they began. */
export function faultEffects(evidence: Evidence, limits: Limits): FaultEffect[] {
  const states = stateSpans(evidence);
  const offline = new Map([...states].map(([agent, spans]) => [agent, offlineSpans(spans)]));
  const recovered = grouped(recoveries(evidence, limits), ({ fromMs }) => fromMs);
  return [...evidence.faults]
    .sort((one, other) => one.startMs - other.startMs)
    .map((fault): FaultEffect => {
      const { agents, startMs, endMs } = fault;
      const lost = agents.filter((agent) =>
        offline.get(agent)?.some(({ fromMs, toMs }) => fromMs <= endMs + noticeMs && toMs > startMs),
      );
      const struck = new Set(agents);
      const took = (recovered.get(endMs) ?? []).filter(({ agent }) => struck.has(agent));
      const recovery = took.length === 0 ? {} : { recovery: spreadOf(took.map(({ tookMs }) => tookMs)) };
      return { fault, offline: lost.length, ...recovery };
    });
}

/** Slowest recovery first; then by name. */
export function kindEffects(evidence: Evidence, limits: Limits): KindEffect[] {
  const recovered = grouped(recoveries(evidence, limits), ({ kind }) => kind);
  return [...grouped(evidence.faults, ({ kind }) => kind)]
    .map(([kind, faults]): KindEffect => {
      const took = (recovered.get(kind) ?? []).map(({ tookMs }) => tookMs);
      const unavailable = faults.filter((fault) => fault.unavailable !== undefined).length;
      return {
        kind,
        made: faults.length - unavailable,
        unavailable,
        failed: faults.filter((fault) => fault.failed !== undefined).length,
        recoveries: took.length,
        ...(took.length === 0 ? {} : { recovery: spreadOf(took) }),
      };
    })
    .sort(
      (one, other) =>
        (other.recovery?.maxMs ?? -1) - (one.recovery?.maxMs ?? -1) || one.kind.localeCompare(other.kind),
    );
}
