import { bends, marginals } from './fleet-growth.ts';
import type { Marginal } from './fleet-growth.ts';
import type { Figure } from './report.ts';

/** A fleet of one size, from its start to its end. */
export interface FleetRound {
  readonly agents: number;
  /** After how long each of those that were ever connected was so first, in milliseconds, in order. */
  readonly connectedMs: readonly number[];
  /** CPU until everybody was connected, in milliseconds. */
  readonly connecting: { readonly cpuMs: number; readonly hubCpuMs: number };
  readonly rest: {
    readonly residentBytes: number;
    readonly anonymousBytes: number;
    readonly watchedMs: number;
    readonly cpuMs: number;
    readonly hubCpuMs: number;
    /** By how much the simulator has grown since there was nobody. */
    readonly hubGrowthBytes: number;
    readonly messages: number;
    /** From how many devices anything has arrived by then. */
    readonly senders: number;
  };
  readonly disconnects: number;
}

/** All of a thousand agents, on two cores. */
const connectedTargetMs = 180_000;

/** Every figure with its target; what has none is for information. */
export function fleetFigures(rounds: readonly FleetRound[]): Figure[] {
  const memory = marginals(rounds.map(({ agents, rest }) => ({ agents, total: rest.anonymousBytes })));
  return [
    ...rounds.flatMap(ofSize),
    ...memory.map((step) => growth('memory', step, (bytes) => `${(bytes / 1024).toFixed(0)} KB`)),
    {
      what: 'growth of memory is linear',
      figure: bends(memory).length === 0 ? 'yes' : 'no',
      against: bends(memory).map(stepName).join(', '),
      ...untargeted,
    },
  ];
}

const untargeted = { target: '', met: undefined } as const;

function ofSize(round: FleetRound): Figure[] {
  const { agents, connectedMs, connecting, rest } = round;
  const minutes = rest.watchedMs / 60_000;
  const isAll = connectedMs.length === agents;
  const last = connectedMs.at(-1) ?? NaN;
  return [
    {
      what: `${agents.toLocaleString('en-US')}: all connected`,
      figure: isAll ? seconds(last) : `${connectedMs.length} of them`,
      against: `first ${seconds(share(connectedMs, agents, 0))}, half ${seconds(share(connectedMs, agents, 0.5))}, 99 % ${seconds(share(connectedMs, agents, 0.99))}; lost since ${round.disconnects}`,
      target: `at most ${seconds(connectedTargetMs)}`,
      met: isAll && last <= connectedTargetMs,
    },
    {
      what: '  CPU of each until then',
      figure: `${(connecting.cpuMs / agents).toFixed(1)} ms`,
      against: `the simulator's ${(connecting.hubCpuMs / agents).toFixed(1)} ms`,
      ...untargeted,
    },
    {
      what: '  memory of each, no file’s',
      figure: `${(rest.anonymousBytes / agents / 1024).toFixed(0)} KB`,
      against: `all of it ${megabytes(rest.anonymousBytes)}, resident ${megabytes(rest.residentBytes)}; the simulator grew by ${megabytes(rest.hubGrowthBytes)}`,
      ...untargeted,
    },
    {
      what: '  CPU of each, a minute at rest',
      figure: `${(rest.cpuMs / agents / minutes).toFixed(1)} ms`,
      against: `of a core ${((100 * rest.cpuMs) / rest.watchedMs).toFixed(1)} %; the simulator's ${(rest.hubCpuMs / agents / minutes).toFixed(1)} ms each`,
      ...untargeted,
    },
    {
      what: '  messages of each a minute',
      figure: (rest.messages / agents / minutes).toFixed(2),
      against: `from ${rest.senders} of ${agents} so far`,
      ...untargeted,
    },
  ];
}

function growth(what: string, step: Marginal, unit: (value: number) => string): Figure {
  const { deviation } = step;
  return {
    what: `${what} of one more, ${stepName(step)}`,
    figure: unit(step.each),
    against: deviation === undefined ? '' : `${(100 * deviation).toFixed(0)} % from the step before`,
    ...untargeted,
  };
}

function stepName({ from, to }: Marginal): string {
  return `${from.toLocaleString('en-US')} to ${to.toLocaleString('en-US')}`;
}

function share(connectedMs: readonly number[], agents: number, part: number): number {
  return connectedMs[Math.max(0, Math.ceil(agents * part) - 1)] ?? NaN;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
