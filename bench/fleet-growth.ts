/** What so many agents in one process take together. */
export interface Amount {
  readonly agents: number;
  readonly total: number;
}

/** What one more agent takes, between two sizes of a fleet. */
export interface Marginal {
  readonly from: number;
  readonly to: number;
  readonly each: number;
  /** From what it is in the step before, as a share of that; absent of the first. */
  readonly deviation?: number;
}

/** Beyond this the growth is not linear. */
const tolerance = 0.2;

/** @param amounts of ever more agents */
export function marginals(amounts: readonly Amount[]): Marginal[] {
  const steps: Marginal[] = [];
  for (const [index, { agents, total }] of amounts.entries()) {
    const below = amounts[index - 1];
    if (below === undefined) continue;
    const each = (total - below.total) / (agents - below.agents);
    const before = steps.at(-1)?.each;
    const deviation = before === undefined ? {} : { deviation: each / before - 1 };
    steps.push({ from: below.agents, to: agents, each, ...deviation });
  }
  return steps;
}

/** Where growth stops being linear: the steps that differ from the one before by more than a fifth. */
export function bends(steps: readonly Marginal[]): Marginal[] {
  return steps.filter(({ deviation = 0 }) => Math.abs(deviation) > tolerance);
}
