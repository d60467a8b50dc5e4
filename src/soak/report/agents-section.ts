import { markup } from '../../local-api/page/html.ts';
import type { Html } from '../../local-api/page/html.ts';
import type { Evidence, LedgerEntry } from '../evidence.ts';
import { digits } from '../quantity.ts';

const mostRows = 50;

interface Row {
  readonly agent: string;
  readonly entry: LedgerEntry;
  readonly sessions: number;
  readonly registrations: number;
  readonly attemptsInMinute: number;
}

/** What each agent has to show: those that miss something first, then those that had most trouble. */
export function agentsSection(evidence: Evidence): Html {
  const rows = rowsOf(evidence);
  const more = rows.length - mostRows;
  return markup`<section class="wide" id="agents">
<h2>Agents</h2>
<details><summary>${more > 0 ? `The ${mostRows} of ${rows.length} with most trouble` : 'Each of them, those with most trouble first'}</summary>
<div class="scroll"><table>
<thead><tr><th>Agent</th><th class="number">Promised</th><th class="number">Delivered</th><th class="number">Missing</th><th class="number">Told dropped</th><th class="number">Again</th><th class="number">Refused</th><th class="number">Sessions</th><th class="number">Registrations</th><th class="number">Attempts in a minute</th></tr></thead>
<tbody>
${rows.slice(0, mostRows).map(agentRow)}</tbody>
</table></div></details>
</section>`;
}

function rowsOf({ ledger, sessions, registrations, attempts }: Evidence): Row[] {
  const sessionsOf = countBy(sessions);
  const registrationsOf = countBy(registrations);
  const mostInMinute = new Map(attempts.map((record) => [record.agent, record.mostInMinute]));
  return Object.entries(ledger)
    .map(([agent, entry]) => ({
      agent,
      entry,
      sessions: sessionsOf.get(agent) ?? 0,
      registrations: registrationsOf.get(agent) ?? 0,
      attemptsInMinute: mostInMinute.get(agent) ?? 0,
    }))
    .sort(
      (one, other) =>
        other.entry.missing - one.entry.missing ||
        other.sessions - one.sessions ||
        other.entry.duplicates - one.entry.duplicates,
    );
}

function countBy(records: readonly { readonly agent: string }[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { agent } of records) counts.set(agent, (counts.get(agent) ?? 0) + 1);
  return counts;
}

function agentRow({ agent, entry, sessions, registrations, attemptsInMinute }: Row): Html {
  const refused = Object.values(entry.refused).reduce((sum, count) => sum + count, 0);
  const { promised, delivered, missing, toldDropped, duplicates } = entry;
  const figures = [promised, delivered, missing, toldDropped, duplicates, refused];
  const numbers = [...figures, sessions, registrations, attemptsInMinute];
  return markup`<tr><td>${agent}</td>${numbers.map((count) => markup`<td class="number">${digits(count)}</td>`)}</tr>
`;
}
