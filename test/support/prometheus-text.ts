/** One line with a value. */
export interface ParsedSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface ParsedMetric {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly samples: readonly ParsedSample[];
}

/**
 * Prometheus' text format, version 0.0.4, read without mercy: everything in its order, nothing twice, buckets that add up.
 * Throws for whatever Prometheus would refuse or warn of.
 */
export function parsePrometheusText(text: string): ParsedMetric[] {
  if (!text.endsWith('\n')) throw new Error('the text does not end with a line feed');
  const metrics: { name: string; help: string; type: string; samples: ParsedSample[] }[] = [];
  let help: { readonly name: string; readonly text: string } | undefined;
  for (const line of text.split('\n')) {
    const current = metrics.at(-1);
    if (line === '') continue;
    const [, keyword, named = '', rest = ''] =
      /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/.exec(line) ?? [];
    if (keyword === 'HELP') {
      if (metrics.some(({ name }) => name === named)) throw new Error(`${named} comes twice`);
      help = { name: named, text: rest };
    } else if (keyword === 'TYPE') {
      if (help?.name !== named) throw new Error(`the type of ${named} does not follow its help`);
      if (!['counter', 'gauge', 'histogram'].includes(rest)) throw new Error(`${named} has the type ${rest}`);
      metrics.push({ name: named, help: help.text, type: rest, samples: [] });
      help = undefined;
    } else {
      if (current === undefined || help !== undefined) throw new Error(`nothing says what this is: ${line}`);
      current.samples.push(sampleOf(line, current));
    }
  }
  for (const metric of metrics) assertWhole(metric);
  return metrics;
}

/** The value of the one sample that has all these labels. Throws when there is none, or more than one. */
export function valueOf(text: string, name: string, labels: Readonly<Record<string, string>> = {}): number {
  const found = parsePrometheusText(text)
    .flatMap(({ samples }) => samples)
    .filter((sample) => sample.name === name)
    .filter((sample) => Object.entries(labels).every(([label, value]) => sample.labels[label] === value));
  const [sample] = found;
  if (sample === undefined || found.length > 1)
    throw new Error(`there are ${found.length} of ${name} ${JSON.stringify(labels)}`);
  return sample.value;
}

const label = String.raw`[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\\\|\\"|\\n)*"`;
const sampleLine = new RegExp(
  String.raw`^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(${label}(?:,${label})*)\})? ([+-]?Inf|NaN|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$`,
);

function sampleOf(line: string, { name: family, type }: { name: string; type: string }): ParsedSample {
  const [, name = '', inBraces = '', value = ''] = sampleLine.exec(line) ?? [];
  const suffixes = type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
  if (!suffixes.some((suffix) => name === family + suffix))
    throw new Error(`this is no sample of ${family}: ${line}`);
  const labels = [...inBraces.matchAll(/([a-zA-Z0-9_]+)="((?:[^"\\]|\\.)*)"/g)].map(
    ([, key = '', text = '']): [string, string] => [
      key,
      text.replaceAll(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped)),
    ],
  );
  if (new Set(labels.map(([key]) => key)).size < labels.length)
    throw new Error(`a label comes twice: ${line}`);
  return { name, labels: Object.fromEntries(labels), value: Number(value.replace('Inf', 'Infinity')) };
}

function assertWhole({ name, type, samples }: ParsedMetric): void {
  const series = samples.map((sample) => JSON.stringify([sample.name, Object.entries(sample.labels).sort()]));
  if (new Set(series).size < series.length) throw new Error(`${name} has a series twice`);
  if (type === 'counter' && samples.some(({ value }) => !(value >= 0)))
    throw new Error(`${name} counts ${JSON.stringify(samples)}`);
  if (type === 'histogram') assertHistogram(name, samples);
}

function assertHistogram(name: string, samples: readonly ParsedSample[]): void {
  const buckets = samples.filter((sample) => sample.name === `${name}_bucket`);
  const bounds = buckets.map(({ labels }) => Number(labels['le']?.replace('Inf', 'Infinity')));
  const [count] = samples.filter((sample) => sample.name === `${name}_count`);
  const sums = samples.filter((sample) => sample.name === `${name}_sum`);
  const ascends = (values: readonly number[]): boolean =>
    values.every((value, index) => index === 0 || value >= (values[index - 1] ?? NaN));
  if (!ascends(bounds) || bounds.at(-1) !== Infinity)
    throw new Error(`the bounds of ${name} are ${String(bounds)}`);
  if (!ascends(buckets.map(({ value }) => value)))
    throw new Error(`the buckets of ${name} are not cumulative`);
  if (buckets.at(-1)?.value !== count?.value || sums.length !== 1)
    throw new Error(`the buckets of ${name} do not add up`);
}
