/** One line of a Prometheus exposition: a series and its value at the moment. */
export interface Sample {
  readonly metric: string;
  readonly labels: ReadonlyMap<string, string>;
  /** May be NaN or infinite. */
  readonly value: number;
  /** Of the family that the sample belongs to; `untyped` when the exposition does not say. */
  readonly type: string;
}

export interface Series {
  readonly metric: string;
  readonly labels: ReadonlyMap<string, string>;
}

/**
 * The samples of an exposition in the text format 0.0.4, in its order. Timestamps are left out. Throws at the first line
 * that is none, as Prometheus itself refuses the whole of it.
 */
export function parsePrometheus(text: string): readonly Sample[] {
  const types = new Map<string, string>();
  return text.split('\n').flatMap((line, index): Sample[] => {
    const trimmed = line.trim();
    const [, family, type] = /^#\s*TYPE\s+(\S+)\s+(\S+)$/.exec(trimmed) ?? [];
    if (family !== undefined && type !== undefined) types.set(family, type);
    if (trimmed === '' || trimmed.startsWith('#')) return [];
    const sample = parseSample(trimmed);
    if (sample === undefined)
      throw new Error(`line ${index + 1} of the answer is not a sample of Prometheus`);
    return [{ ...sample, type: typeOf(sample.metric, types) }];
  });
}

/** `metric` or `metric{label="value",…}`; `undefined` when it is neither, or something follows. */
export function parseSeries(text: string): Series | undefined {
  const head = readSeries(text);
  return head?.rest === '' ? { metric: head.metric, labels: head.labels } : undefined;
}

function parseSample(line: string): Omit<Sample, 'type'> | undefined {
  const head = readSeries(line);
  if (head === undefined) return undefined;
  const [value, timestamp, ...more] = head.rest.trim().split(/\s+/);
  const isTime = timestamp === undefined || /^-?\d+$/.test(timestamp);
  const number = toNumber(value ?? '');
  if (number === undefined || !isTime || more.length > 0) return undefined;
  return { metric: head.metric, labels: head.labels, value: number };
}

function readSeries(text: string): (Series & { readonly rest: string }) | undefined {
  const metric = /^[A-Za-z_:][\w:]*/.exec(text)?.[0];
  if (metric === undefined) return undefined;
  const after = text.slice(metric.length).trimStart();
  if (!after.startsWith('{')) return { metric, labels: new Map(), rest: text.slice(metric.length) };
  const labels = readLabels(after);
  return labels === undefined ? undefined : { metric, ...labels };
}

const label = /\s*([A-Za-z_]\w*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(,|(?=\}))/y;

/** What stands in braces at the beginning, and what follows them. */
function readLabels(text: string): { labels: ReadonlyMap<string, string>; rest: string } | undefined {
  const labels = new Map<string, string>();
  let at = 1;
  for (;;) {
    label.lastIndex = at;
    const [all, name, value] = label.exec(text) ?? [];
    if (all === undefined || name === undefined || value === undefined) break;
    labels.set(name, unescaped(value));
    at += all.length;
  }
  const end = /^\s*\}/.exec(text.slice(at))?.[0];
  return end === undefined ? undefined : { labels, rest: text.slice(at + end.length) };
}

function unescaped(value: string): string {
  return value.replace(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character));
}

function toNumber(word: string): number | undefined {
  if (/^[+-]?inf(inity)?$/i.test(word)) return word.startsWith('-') ? -Infinity : Infinity;
  if (/^nan$/i.test(word)) return Number.NaN;
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(word) ? Number(word) : undefined;
}

/** A histogram's and a summary's samples bear the family's name with an ending. */
function typeOf(metric: string, types: ReadonlyMap<string, string>): string {
  const family = metric.replace(/_(bucket|sum|count)$/, '');
  const type = types.get(metric) ?? types.get(family);
  return type ?? 'untyped';
}
