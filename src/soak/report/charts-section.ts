import { Html, markup } from '../../local-api/page/html.ts';
import { digits } from '../quantity.ts';
import type { Chart } from './charts/chart.ts';
import type { FaultBands } from './fault-bands.ts';

/** What the page's script draws. */
export interface ChartData {
  readonly charts: readonly Chart[];
  readonly faults: FaultBands;
  /** From, to (seconds), name. */
  readonly phases: readonly (readonly [number, number, string])[];
}

const wide = ['states', 'rates'];

/** A place for each chart, and what is drawn there. The faults come beneath the first, on the same scale. */
export function chartsSection(data: ChartData): Html {
  const [first, ...others] = data.charts;
  return markup`${first === undefined ? undefined : place(first, 'wide')}
${faultsPlace(data.faults)}
${others.map((chart) => place(chart, wide.includes(chart.id) ? 'wide' : ''))}
<script type="application/json" id="data">${new Html(inScript(data))}</script>`;
}

function place({ id, title, note, at }: Chart, width: string): Html {
  return markup`<section class="chart ${width}" id="chart-${id}">
<h2>${title}</h2>
<p class="note">${at.length === 0 ? 'Nothing was seen of it.' : note}</p>
<div class="plot" data-chart="${id}"></div>
</section>
`;
}

function faultsPlace({ bands, omitted }: FaultBands): Html {
  const rest = omitted === 0 ? '' : ` ${digits(omitted)} of them are not marked: there are too many.`;
  return markup`<section class="chart wide" id="chart-faults">
<h2>Faults under way</h2>
<p class="note">${bands.length === 0 ? 'There were none.' : `A row for each kind. Point at one to see what it was; drag to look closer, double-click to see all again.${rest}`}</p>
<div class="plot" data-chart="faults"></div>
</section>`;
}

/** Nothing in a name or a description can end the element it stands in. */
function inScript(data: ChartData): string {
  return JSON.stringify(data).replaceAll('<', '\\u003c');
}
