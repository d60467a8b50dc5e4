import { mostValues, selectEach, type Extraction } from './extraction.ts';
import { parsePrometheus, parseSeries, type Sample } from './prometheus-text.ts';

/**
 * The values in a Prometheus exposition: those that are selected, or every counter, gauge and untyped sample, named as
 * `joinedName` says. What is not a number (NaN, Inf) has no form in JSON and is left out. Throws when it is no exposition.
 */
export function prometheusValues(
  text: string,
  select: Readonly<Record<string, string>> | undefined,
): Extraction {
  const samples = parsePrometheus(text);
  return select === undefined
    ? { values: everything(samples), failures: [] }
    : selectEach(select, (selector) => selected(samples, selector));
}

/** Metric, then each label and its value in the order of the labels' names, joined by `_`; other characters become `_`. */
export function joinedName({ metric, labels }: Pick<Sample, 'metric' | 'labels'>): string {
  const sorted = [...labels].sort(([a], [b]) => (a < b ? -1 : 1));
  return [metric, ...sorted.flat()].join('_').replace(/\W/g, '_');
}

const plainTypes: readonly string[] = ['counter', 'gauge', 'untyped', 'unknown'];

function everything(samples: readonly Sample[]): Record<string, number> {
  const plain = samples.filter(({ type, value }) => plainTypes.includes(type) && Number.isFinite(value));
  const named = new Map(plain.map((sample) => [joinedName(sample), sample]));
  if (plain.length === 0) throw new Error('the answer has no counters and no gauges');
  if (plain.length > mostValues)
    throw new Error(
      `the answer has ${plain.length} values, and at most ${mostValues} are taken: write select`,
    );
  const twin = plain.find((sample) => named.get(joinedName(sample)) !== sample);
  if (twin !== undefined)
    throw new Error(`several values of ${twin.metric} would be called ${joinedName(twin)}: write select`);
  return Object.fromEntries([...named].map(([name, { value }]) => [name, value]));
}

/** The one sample of that metric that has at least those labels. */
function selected(samples: readonly Sample[], selector: string): number {
  const wanted = parseSeries(selector);
  if (wanted === undefined) throw new Error(`${selector} is not the name of a metric`);
  const fitting = samples.filter(
    ({ metric, labels }) =>
      metric === wanted.metric && [...wanted.labels].every(([name, value]) => labels.get(name) === value),
  );
  const [sample, ...more] = fitting;
  if (sample === undefined) throw new Error(`there is no ${selector}`);
  if (more.length > 0) throw new Error(`there are ${fitting.length} of ${selector}: name more of its labels`);
  if (!Number.isFinite(sample.value)) throw new Error(`${selector} is ${sample.value}`);
  return sample.value;
}
