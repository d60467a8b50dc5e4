import { markup } from '../../local-api/page/html.ts';
import type { Html } from '../../local-api/page/html.ts';
import type { Finding, Verdict } from '../judge/verdict.ts';
import { bareQuantity, quantity } from '../quantity.ts';

const order: readonly Finding['outcome'][] = ['broken', 'held', 'not-judged'];

/** Every invariant with its number, those that are broken first. */
export function invariantsSection({ invariants }: Verdict): Html {
  const sorted = order.flatMap((outcome) => invariants.filter((finding) => finding.outcome === outcome));
  const counts = order.map((outcome) => {
    const count = invariants.filter((finding) => finding.outcome === outcome).length;
    return `${count} ${words[outcome]}`;
  });
  return markup`<section class="wide" id="invariants">
<h2>What must hold</h2>
<p class="note">${counts.join(', ')}</p>
<ul class="invariants">
${sorted.map(item)}</ul>
</section>`;
}

const words: Readonly<Record<Finding['outcome'], string>> = {
  broken: 'broken',
  held: 'held',
  'not-judged': 'not judged',
};

const badges: Readonly<Record<Finding['outcome'], string>> = {
  broken: 'bad',
  held: 'good',
  'not-judged': 'none',
};

function item(finding: Finding): Html {
  const { id, outcome, title, detail } = finding;
  return markup`<li id="${id}"><span class="badge ${badges[outcome]}">${words[outcome]}</span>
<div><b>${title}</b><p>${detail}</p></div>
${outcome === 'not-judged' ? undefined : measure(finding)}</li>
`;
}

/** The value against its limit; beyond it, the bar is full. */
function measure({ outcome, value, limit, unit }: Finding): Html {
  const share = limit > 0 ? value / limit : value > 0 ? 1 : 0;
  // What shrinks, such as memory that is given back, has no bar.
  const percent = Math.min(1, Math.max(0, share)) * 100;
  return markup`<div class="measure"><strong>${bareQuantity(value, unit)}</strong> of at most ${quantity(limit, unit)}
<svg class="meter ${badges[outcome]}" role="presentation" width="100%" height="6"><rect class="ground" width="100%" height="6" rx="3"/><rect width="${percent.toFixed(1)}%" height="6" rx="3"/></svg></div>`;
}
