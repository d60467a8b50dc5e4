import type {
  Evidence,
  FaultRecord,
  LedgerEntry,
  ProcessSample,
  StateChange,
} from '../../src/soak/evidence.ts';
import type { Limits } from '../../src/soak/scenario/scenario.ts';

/** A run of ten minutes with two agents, in which everything went as it should; a test says what was otherwise. */
export function evidence(changes: Partial<Evidence> = {}, durationMs = 600_000): Evidence {
  return {
    run: {
      scenario: 'made up',
      description: 'for a test',
      seed: 1,
      agents: 2,
      host: 'process',
      target: 'simulator',
      startedAt: '2026-11-22T08:00:00.000Z',
      durationMs,
      calmMs: 30_000,
      version: '0.0.0',
      nodeVersion: 'v20.19.0',
      machine: 'nobody’s',
    },
    phases: [
      { name: 'steady', startMs: 0, endMs: durationMs - 30_000 },
      { name: 'calm', startMs: durationMs - 30_000, endMs: durationMs },
    ],
    faults: [],
    states: ['one', 'two'].flatMap((agent) => connectedFrom(agent, 1000)),
    processes: [],
    sessions: ['one', 'two'].map((agent) => ({ agent, hub: 'hub', startMs: 1000 })),
    registrations: ['one', 'two'].map((agent) => ({ agent, atMs: 500 })),
    attempts: ['one', 'two'].map((agent) => ({ agent, total: 2, mostInMinute: 2, atMs: 1000 })),
    ends: [],
    findings: [],
    ledger: { one: ledgerEntry(), two: ledgerEntry() },
    refusals: [],
    deliveries: { stepMs: 1000, promised: [], delivered: [], duplicates: [] },
    twins: [],
    omitted: {},
    ...changes,
  };
}

/** All that was promised has arrived, once and in order. */
export function ledgerEntry(changes: Partial<LedgerEntry> = {}): LedgerEntry {
  return {
    posted: 100,
    promised: 100,
    refused: {},
    delivered: 100,
    duplicates: 0,
    missing: 0,
    toldDropped: 0,
    outOfOrder: 0,
    furthestOutOfOrder: 0,
    contradictions: [],
    firstMissing: [],
    ...changes,
  };
}

export function fault(changes: Partial<FaultRecord> = {}): FaultRecord {
  return {
    id: 1,
    kind: 'hub-gone',
    phase: 'steady',
    description: 'hub out of reach',
    startMs: 100_000,
    endMs: 130_000,
    agents: ['one'],
    ...changes,
  };
}

export function connectedFrom(agent: string, atMs: number): StateChange[] {
  return [
    { agent, atMs: Math.max(0, atMs - 900), state: 'connecting' },
    { agent, atMs, state: 'connected' },
  ];
}

/** Without a connection from one moment to the other, waiting for it. */
export function offline(agent: string, fromMs: number, toMs = Infinity): StateChange[] {
  const lost: StateChange = { agent, atMs: fromMs, state: 'waiting', code: 'HUB-UNREACHABLE' };
  return toMs === Infinity ? [lost] : [lost, { agent, atMs: toMs, state: 'connected' }];
}

/** A process once a second; what it uses follows from when that is. */
export function samples(
  unit: string,
  durationMs: number,
  uses: (atMs: number) => Partial<ProcessSample> = () => ({}),
  everyMs = 1000,
): ProcessSample[] {
  return Array.from({ length: Math.floor(durationMs / everyMs) }, (_, index) => ({
    unit,
    life: 1,
    agents: 1,
    atMs: index * everyMs,
    rssBytes: 80 * 1024 * 1024,
    cpuMs: index,
    descriptors: 25,
    sockets: 3,
    timers: 6,
    ...uses(index * everyMs),
  }));
}

export const limits: Limits = {
  recovery: { p50Ms: 10_000, p99Ms: 30_000, maxMs: 60_000 },
  registrationsPerMinute: 100,
  reconnectsPerAgentHour: 1,
  duplicates: 0.05,
  memoryBytesPerAgentHour: 1024 * 1024,
  descriptorsPerAgent: 4,
  twinMs: 20_000,
  stuckMs: 120_000,
};
