// Writes the tables of docs/metrics.md from src/metrics; a test holds them together.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { metricGroups } from '../src/metrics/all-metrics.ts';
import type { Metric } from '../src/metrics/definition.ts';

export const metricsDocumentPath = join(import.meta.dirname, '..', 'docs', 'metrics.md');

const begin = '<!-- made from src/metrics by npm run docs -->';
const end = '<!-- end of what is made -->';

/** The document with its tables as the source has the metrics now. */
export function metricsDocument(text: string): string {
  const [before = '', rest = ''] = text.split(begin);
  const [, after = ''] = rest.split(end);
  const tables = Object.entries(metricGroups).map(([title, metrics]) => `### ${title}\n\n${table(metrics)}`);
  return [before, begin, '\n\n', tables.join('\n'), '\n', end, after].join('');
}

function table(metrics: readonly Metric[]): string {
  const rows = metrics.map(({ name, type, labels = [], help }) => {
    const listed = labels.map((label) => `\`${label}\``).join(', ');
    return `| \`${name}\` | ${type} | ${listed} | ${help} |`;
  });
  return ['| metric | type | labels | what it is |', '| --- | --- | --- | --- |', ...rows, ''].join('\n');
}

if (process.argv[1] === import.meta.filename)
  await writeFile(metricsDocumentPath, metricsDocument(await readFile(metricsDocumentPath, 'utf8')));
