import { formatDuration } from '../../config/duration.ts';
import type { Finding } from '../judge/verdict.ts';
import { bareQuantity, digits, quantity } from '../quantity.ts';
import type { ComparedFigure } from './compared-figures.ts';
import type { ComparedInvariant, Comparison } from './comparison.ts';

/** For people: what ran, what was unlike, and everything that can be set side by side, what got worse first. */
export function comparisonText({ before, after, unlike, invariants, figures }: Comparison): string {
  const unlikeLines = unlike.map((fact) => `  ${fact.what}: ${fact.before} before, ${fact.after} after`);
  return [
    `before  ${runLine(before)}`,
    `after   ${runLine(after)}`,
    ...(unlike.length === 0 ? [] : ['', 'Not the same to begin with:', ...unlikeLines]),
    '',
    'Invariants, what got worse first:',
    ...columns(invariants.map(invariantRow)),
    ...invariants.flatMap(why),
    '',
    'Figures, what got worse first:',
    ...columns(figures.map(figureRow)),
    '',
  ].join('\n');
}

function runLine({
  scenario,
  seed,
  agents,
  host,
  durationMs,
  version,
  startedAt,
  ok,
}: Comparison['before']): string {
  const time = formatDuration(Math.round(durationMs / 1000) * 1000);
  return `${scenario}, seed ${seed}, ${agents} agents (${host}), ${time}, dps-agent ${version}, ${startedAt}: ${ok ? 'held' : 'BROKEN'}`;
}

function invariantRow({ id, change, before, after }: ComparedInvariant): string[] {
  const limit = after ?? before;
  return [
    change === 'broke' ? 'BROKE' : change === 'unknown' ? '' : change,
    id,
    findingText(before),
    '->',
    findingText(after),
    limit === undefined ? '' : `of at most ${quantity(limit.limit, limit.unit)}`,
  ];
}

function findingText(finding: Finding | undefined): string {
  if (finding === undefined) return 'not known';
  const { outcome, value, unit } = finding;
  if (outcome === 'not-judged') return 'not judged';
  return `${bareQuantity(value, unit)}${outcome === 'broken' ? ' (broken)' : ''}`;
}

/** Of those that are broken now, what was seen. */
function why({ id, after }: ComparedInvariant): string[] {
  return after?.outcome === 'broken' ? [`  ${id}: ${after.detail}`] : [];
}

function figureRow({ name, unit, before, after, worsening }: ComparedFigure): string[] {
  const text = (value: number | undefined): string =>
    value === undefined ? 'not known' : quantity(value, unit).trim();
  const change =
    worsening === undefined || before === undefined || after === undefined
      ? ''
      : `${after >= before ? '+' : '-'}${digits((Math.abs(after - before) / before) * 100)} %`;
  const word =
    worsening === undefined || Math.abs(worsening) < 0.05 ? '' : worsening > 0 ? 'worse' : 'better';
  return [word, name, text(before), '->', text(after), change];
}

/** Each as wide as its widest. */
function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd(),
  );
}
