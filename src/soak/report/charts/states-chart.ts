import type { Evidence } from '../../evidence.ts';
import { observedUntilMs, stateSpans } from '../../judge/spans.ts';
import { short, stepMsFor } from './chart.ts';
import type { Chart, Colour } from './chart.ts';

/** From the bottom up. What is none of these comes on top. */
const order: readonly (readonly [state: string, colour: Colour])[] = [
  ['connected', 'green'],
  ['connecting', 'blue'],
  ['provisioning', 'violet'],
  ['starting', 'teal'],
  ['waiting', 'amber'],
  ['gone', 'red'],
  ['unseen', 'faint'],
];

/** How many agents were in which state: a mean over each step, so that what was short counts for as long as it was. */
export function statesChart(evidence: Evidence): Chart {
  const endMs = observedUntilMs(evidence);
  const stepMs = stepMsFor(endMs);
  const steps = Math.max(1, Math.ceil(endMs / stepMs));
  const shares = new Map<string, Float64Array>();
  for (const spans of stateSpans(evidence).values()) {
    for (const { state, fromMs, toMs } of spans) {
      const share = shares.get(state) ?? new Float64Array(steps);
      shares.set(state, share);
      addTime(share, { fromMs, toMs, stepMs, endMs });
    }
  }
  const known = order.map(([state]) => state);
  const others = [...shares.keys()].filter((state) => !known.includes(state)).sort();
  const drawn = [...order, ...others.map((state) => [state, 'grey'] as const)];
  return {
    id: 'states',
    title: 'Agents by state',
    note: `As the agents themselves say, on average over each ${stepMs / 1000} s; gone is a process that does not run.`,
    unit: 'agents',
    at: Array.from({ length: steps }, (_, index) => (index * stepMs) / 1000),
    series: drawn.flatMap(([label, colour]) => {
      const values = shares.get(label);
      return values === undefined ? [] : [{ label, colour, values: Array.from(values, short) }];
    }),
    isStacked: true,
  };
}

interface Portion {
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepMs: number;
  readonly endMs: number;
}

function addTime(share: Float64Array, { fromMs, toMs, stepMs, endMs }: Portion): void {
  for (let step = Math.floor(fromMs / stepMs); step < share.length && step * stepMs < toMs; step += 1) {
    const [from, to] = [step * stepMs, Math.min(endMs, (step + 1) * stepMs)];
    share[step] = (share[step] ?? 0) + (Math.min(to, toMs) - Math.max(from, fromMs)) / (to - from);
  }
}
