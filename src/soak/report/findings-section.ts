import { markup } from '../../local-api/page/html.ts';
import type { Html } from '../../local-api/page/html.ts';
import type { Evidence, LogFinding, ProcessEnd } from '../evidence.ts';
import { isAmiss } from '../judge/log-findings.ts';
import { clockTime, digits } from '../quantity.ts';

const mostRows = 200;

/** Lines that must not be in a log, and processes that ended by themselves or in disorder. */
export function findingsSection({ findings, ends }: Evidence): Html {
  const amiss = ends.filter(isAmiss);
  const rows = [...findings.slice(0, mostRows).map(findingRow), ...amiss.slice(0, mostRows).map(endRow)];
  const more = findings.length + amiss.length - rows.length;
  const table = markup`<div class="scroll"><table>
<thead><tr><th class="number">At</th><th>Who</th><th>What</th><th>Line</th></tr></thead>
<tbody>
${rows}</tbody>
</table></div>`;
  return markup`<section class="wide" id="findings">
<h2>Findings</h2>
${rows.length === 0 ? markup`<p class="note">No unhandled error, no secret in any log; no process ended by itself or in disorder. ${digits(ends.length)} were ended by the soak.</p>` : table}
${more > 0 ? markup`<p class="note">and ${digits(more)} more, in evidence.json</p>` : undefined}
</section>`;
}

function findingRow({ atMs, agent, kind, line }: LogFinding): Html {
  return markup`<tr><td class="number">${clockTime(atMs)}</td><td>${agent}</td><td class="bad">${kind}</td><td><code>${line.slice(0, 2000)}</code></td></tr>
`;
}

function endRow({ atMs, unit, code, signal, asked }: ProcessEnd): Html {
  const how = signal === null ? `with status ${code ?? 'unknown'}` : `by ${signal}`;
  return markup`<tr><td class="number">${clockTime(atMs)}</td><td>${unit}</td><td class="bad">${asked === undefined ? 'ended' : 'told to end'}</td><td>${how}</td></tr>
`;
}
