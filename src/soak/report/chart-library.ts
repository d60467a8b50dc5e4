import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** uPlot (MIT), as text: a report carries it, so that it can be read without a network for as long as there are browsers. */
export interface ChartLibrary {
  readonly script: string;
  readonly style: string;
  readonly license: string;
}

/** Put in by scripts/build.ts; not there where the sources run as they are. */
declare const CHART_LIBRARY: ChartLibrary | undefined;

/** @param root of the checkout, for whoever runs the sources */
export async function chartLibrary(root: string): Promise<ChartLibrary> {
  return typeof CHART_LIBRARY === 'undefined' ? await installedChartLibrary(root) : CHART_LIBRARY;
}

export async function installedChartLibrary(root: string): Promise<ChartLibrary> {
  const folder = join(root, 'node_modules', 'uplot');
  const [script, style, license] = await Promise.all(
    ['dist/uPlot.iife.min.js', 'dist/uPlot.min.css', 'LICENSE'].map((name) =>
      readFile(join(folder, name), 'utf8'),
    ),
  );
  return { script: script ?? '', style: style ?? '', license: license ?? '' };
}
