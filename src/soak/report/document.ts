import { createHash } from 'node:crypto';
import { Html, markup } from '../../local-api/page/html.ts';
import type { Evidence } from '../evidence.ts';
import { figuresOf } from '../figures.ts';
import type { Verdict } from '../judge/verdict.ts';
import type { Limits } from '../scenario/scenario.ts';
import { agentsSection } from './agents-section.ts';
import type { ChartLibrary } from './chart-library.ts';
import type { Chart } from './charts/chart.ts';
import { deliveriesChart } from './charts/deliveries-chart.ts';
import { handlesChart, memoryChart } from './charts/process-charts.ts';
import { ratesChart } from './charts/rates-chart.ts';
import { statesChart } from './charts/states-chart.ts';
import { chartsSection } from './charts-section.ts';
import { faultBands } from './fault-bands.ts';
import { faultsSection, recoverySection } from './faults-section.ts';
import { findingsSection } from './findings-section.ts';
import { invariantsSection } from './invariants-section.ts';
import { figuresSection, runSection } from './run-section.ts';
import { script } from './script.ts';
import { style } from './style.ts';

export interface ReportSource {
  readonly evidence: Evidence;
  readonly verdict: Verdict;
  readonly limits: Limits;
  readonly library: ChartLibrary;
}

/**
 * One file of HTML that needs nothing besides, and may fetch nothing: names and lines of logs in it are data. However long
 * the run and large the fleet, it stays under 2 MB; what is left out for that is said where it is left out.
 */
export function reportDocument({ evidence, verdict, limits, library }: ReportSource): string {
  const { run, phases } = evidence;
  const [badge, words] = verdict.ok ? ['good', 'held'] : ['bad', 'broken'];
  const code = `${library.script}\n${script}`;
  const data = { charts: chartsOf(evidence, limits), faults: faultBands(evidence), phases: spans(phases) };
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy(code)}">
<meta name="robots" content="noindex">
<link rel="icon" href="data:,">
<title>Soak ${run.scenario}: ${words}</title>
<!-- uPlot 1.6.32 is in this file:
${library.license}-->
<style>${new Html(library.style)}${new Html(style)}</style>
</head>
<body>
<header>
<p class="kicker">Soak of dps-agent ${run.version}</p>
<h1>${run.scenario} <span class="badge ${badge}">${words}</span></h1>
<p>${run.description}</p>
</header>
<main>
${figuresSection(figuresOf(evidence, limits), run)}
${invariantsSection(verdict)}
${chartsSection(data)}
${recoverySection(evidence, limits)}
${faultsSection(evidence, limits)}
${findingsSection(evidence)}
${agentsSection(evidence)}
${runSection(evidence)}
</main>
<script>${new Html(code)}</script>
</body>
</html>
`.text;
}

function chartsOf(evidence: Evidence, { registrationsPerMinute }: Limits): Chart[] {
  const { deliveries, processes, run } = evidence;
  return [
    deliveriesChart(deliveries, run.durationMs),
    statesChart(evidence),
    ratesChart(evidence, registrationsPerMinute),
    memoryChart(processes),
    handlesChart(processes),
  ];
}

/** In seconds. */
function spans(phases: Evidence['phases']): (readonly [number, number, string])[] {
  return phases.map(({ startMs, endMs, name }) => [startMs / 1000, endMs / 1000, name]);
}

/** uPlot sets styles of its own; nothing but this very script runs, and nothing is fetched. */
function policy(code: string): string {
  const digest = createHash('sha256').update(code).digest('base64');
  return `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${digest}'; img-src data:; base-uri 'none'; form-action 'none'`;
}
