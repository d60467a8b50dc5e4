import { markup } from '../../local-api/page/html.ts';
import type { Html } from '../../local-api/page/html.ts';
import type { Evidence } from '../evidence.ts';
import type { RunFigures } from '../figures.ts';
import { some } from '../judge/invariant.ts';
import { clockTime, digits, quantity } from '../quantity.ts';
import type { Limits } from '../scenario/scenario.ts';
import { faultEffects, kindEffects } from './fault-effects.ts';
import type { FaultEffect, KindEffect } from './fault-effects.ts';

type Spread = NonNullable<RunFigures['recovery']>;

/** For each kind of fault how long it took to be connected again. */
export function recoverySection(evidence: Evidence, limits: Limits): Html {
  const effects = kindEffects(evidence, limits);
  const longestMs = Math.max(1, ...effects.map(({ recovery }) => recovery?.maxMs ?? 0));
  return markup`<section class="wide" id="recovery">
<h2>Recovery</h2>
<p class="note">From the end of a fault until those it left without a connection had one again, by the fault that ended
last. <span class="key"><svg width="10" height="10"><circle class="p50" cx="5" cy="5" r="4.5"/></svg> half</span>
<span class="key"><svg width="10" height="10"><circle class="p99" cx="5" cy="5" r="3.5"/></svg> 99 of 100</span>
<span class="key"><svg width="10" height="12"><path class="most" d="M5 0V12"/></svg> all</span>
The scale ends at ${quantity(longestMs, 'ms')}.</p>
<div class="scroll"><table>
<thead><tr><th>Kind</th><th class="number">Made</th><th class="number">Recoveries</th><th class="bar"></th><th class="number">Half</th><th class="number">99 of 100</th><th class="number">All</th></tr></thead>
<tbody>
${effects.map((effect) => kindRow(effect, longestMs))}</tbody>
</table></div>
</section>`;
}

function kindRow(
  { kind, made, unavailable, failed, recoveries, recovery }: KindEffect,
  longestMs: number,
): Html {
  const amiss = [
    ...(unavailable > 0 ? [`${unavailable} not to be had here`] : []),
    ...(failed > 0 ? [`${failed} went wrong`] : []),
  ].join(', ');
  const numbers = recovery === undefined ? [] : [recovery.p50Ms, recovery.p99Ms, recovery.maxMs];
  return markup`<tr><td>${kind}${amiss === '' ? undefined : markup` <span class="warning">${amiss}</span>`}</td>
<td class="number">${digits(made)}</td><td class="number">${digits(recoveries)}</td>
<td class="bar">${recovery === undefined ? undefined : range(recovery, longestMs)}</td>
${[0, 1, 2].map((index) => markup`<td class="number">${numbers[index] === undefined ? '–' : quantity(numbers[index], 'ms')}</td>`)}</tr>
`;
}

function range({ p50Ms, p99Ms, maxMs }: Spread, longestMs: number): Html {
  // Marks of 5 pixels stay within the picture.
  const at = (ms: number): string => `${(2 + (ms / longestMs) * 96).toFixed(1)}%`;
  return markup`<svg class="range" role="presentation" width="100%" height="16"><line class="axis" x1="2%" x2="98%" y1="8" y2="8"/><line class="span" x1="${at(p50Ms)}" x2="${at(maxMs)}" y1="8" y2="8"/><line class="most" x1="${at(maxMs)}" x2="${at(maxMs)}" y1="2" y2="14"/><circle class="p99" cx="${at(p99Ms)}" cy="8" r="3.5"/><circle class="p50" cx="${at(p50Ms)}" cy="8" r="4.5"/></svg>`;
}

/** The page would be too long with more; the first ones are as good as any. */
const mostRows = 500;
const fewRows = 30;

/** Every fault, and what it did. */
export function faultsSection(evidence: Evidence, limits: Limits): Html {
  const effects = faultEffects(evidence, limits);
  const more = effects.length - mostRows;
  const table = markup`<div class="scroll"><table>
<thead><tr><th class="number">At</th><th>Fault</th><th>Phase</th><th class="number">For</th><th class="number">Struck</th><th class="number">Offline</th><th class="number">Back in</th><th>What else</th></tr></thead>
<tbody>
${effects.slice(0, mostRows).map(faultRow)}</tbody>
</table></div>
${more > 0 ? markup`<p class="note">and ${digits(more)} more, in evidence.json</p>` : undefined}`;
  return markup`<section class="wide" id="faults">
<h2>Faults</h2>
<p class="note">${digits(effects.length)} in all. Offline: without a connection at some time while it was in force, or from just after. Back in:
all of those that it left so.</p>
${effects.length > fewRows ? markup`<details><summary>Each of them</summary>${table}</details>` : table}
</section>`;
}

function faultRow({ fault, offline, recovery }: FaultEffect): Html {
  const { kind, description, phase, startMs, endMs, agents, unavailable, failed } = fault;
  const isMade = unavailable === undefined;
  const amiss = isMade ? failed : `not made: ${unavailable}`;
  return markup`<tr><td class="number">${clockTime(startMs)}</td><td><b>${kind}</b><br>${description}</td><td>${phase}</td>
<td class="number">${isMade ? quantity(endMs - startMs, 'ms') : '–'}</td>
<td class="number" title="${some(agents, 20)}">${digits(agents.length)}</td>
<td class="number">${isMade ? digits(offline) : '–'}</td>
<td class="number">${recovery === undefined ? '–' : quantity(recovery.maxMs, 'ms')}</td>
<td>${amiss === undefined ? undefined : markup`<span class="warning">${amiss}</span>`}</td></tr>
`;
}
