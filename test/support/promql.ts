import { allMetrics } from '../../src/metrics/all-metrics.ts';

/** What Prometheus adds to each series by itself, and the one metric it has of each target. */
const added = ['instance', 'job'];
const own = new Map([['up', added]]);

/** By the name of a series which labels it can have. */
const series = new Map<string, readonly string[]>([
  ...own,
  ...allMetrics.flatMap(({ name, type, labels = [] }): [string, readonly string[]][] => {
    const all = [...labels, ...added];
    if (type !== 'histogram') return [[name, all]];
    return [
      [`${name}_bucket`, [...all, 'le']],
      [`${name}_sum`, all],
      [`${name}_count`, all],
    ];
  }),
]);

/** The metrics of the agent that an expression asks for. */
export function metricsIn(expression: string): string[] {
  const names = withoutText(expression).match(/\b(?:dps_agent|process|nodejs)_[a-z_]+\b/g) ?? [];
  return [...new Set(names.map((name) => familyOf(name)))];
}

/** What is wrong with an expression, or with a text about its series: metrics and labels that there are not. */
export function faultsIn(expression: string, text = ''): string[] {
  const bare = withoutText(expression);
  const names = [...(bare.match(/\b(?:dps_agent|process|nodejs)_[a-z_]+\b|\bup\b/g) ?? [])];
  if (names.length === 0) return [`no metric in ${expression}`];
  const unknown = names.filter((name) => !series.has(name)).map((name) => `no metric ${name}`);
  const ofAll = new Set(names.flatMap((name) => series.get(name) ?? []));
  const selected = [...bare.matchAll(/\b([a-z_]+)\{([^}]*)\}/g)].flatMap(([, name = '', inside = '']) =>
    labelsIn(inside, /([a-z_]+) *(?:=~|!~|!=|=)/g)
      .filter((label) => series.get(name)?.includes(label) !== true)
      .map((label) => `${name} has no label ${label}`),
  );
  const grouped = [...bare.matchAll(/\b(?:by|on|without|ignoring) *\(([^)]*)\)/g)].flatMap(
    ([, inside = '']) => labelsIn(inside, /([a-z_]+)/g),
  );
  const named = labelsIn(text, /\{\{ *(?:\$labels\.)?([a-z_]+) *\}\}/g);
  const strange = [...grouped, ...named].filter((label) => !ofAll.has(label));
  return [...unknown, ...selected, ...strange.map((label) => `no label ${label} in ${expression}`)];
}

function familyOf(name: string): string {
  const family = name.replace(/_(bucket|sum|count)$/, '');
  return allMetrics.some((metric) => metric.name === family && metric.type === 'histogram') ? family : name;
}

/** What stands in quotes is no name. */
function withoutText(expression: string): string {
  return expression.replaceAll(/"[^"]*"/g, '""');
}

function labelsIn(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, label = '']) => label);
}
