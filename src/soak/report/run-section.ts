import { formatDuration } from '../../config/duration.ts';
import { markup } from '../../local-api/page/html.ts';
import type { Content, Html } from '../../local-api/page/html.ts';
import type { Evidence, RunFacts } from '../evidence.ts';
import type { RunFigures } from '../figures.ts';
import { digits, quantity } from '../quantity.ts';

/** The run in a few numbers. */
export function figuresSection(figures: RunFigures, { agents, host, durationMs }: RunFacts): Html {
  const { delivered, promised, duplicates, missing, toldDropped, faults, kindsOfFault, recovery } = figures;
  const share = delivered === 0 ? 0 : duplicates / delivered;
  const known = (value: number | undefined, unit: string): string =>
    value === undefined ? 'not known' : quantity(value, unit);
  return markup`<section class="wide figures" id="figures"><h2 hidden>In numbers</h2><dl>
${tile('Agents', digits(agents), host === 'process' ? 'each in its own process' : 'many to a process')}
${tile('Time', formatDuration(Math.round(durationMs / 1000) * 1000), `${digits(faults)} faults of ${kindsOfFault} kinds`)}
${tile('Delivered', digits(delivered), `of ${digits(promised)} promised; ${digits(figures.deliveredPerSecond)} a second`)}
${tile('Missing', digits(missing), `${digits(toldDropped)} told as dropped`)}
${tile('Came again', quantity(share, 'share'), `${digits(duplicates)} messages`)}
${tile('Recovered in', known(recovery?.p50Ms, 'ms'), recovery === undefined ? 'nothing had to' : `half of ${digits(figures.recoveries)}; 99 of 100 in ${quantity(recovery.p99Ms, 'ms')}`)}
${tile('Memory', known(figures.memoryBytesPerAgent, 'bytes'), 'resident, for each agent')}
${tile('CPU', known(figures.cpuMsPerMessage, 'ms'), 'for each message, all told')}
</dl></section>`;
}

/** What ran, where, and how to have it again. */
export function runSection({ run, phases, omitted }: Evidence): Html {
  const left = Object.entries(omitted).filter(([, count]) => count > 0);
  return markup`<section class="wide" id="run">
<h2>The run</h2>
<dl class="facts">
${fact('Begun', run.startedAt)}
${fact('Against', run.target === 'azure' ? 'Azure' : 'the built-in simulator')}
${fact('Seed', run.seed)}
${fact('Machine', run.machine)}
${fact('Versions', `dps-agent ${run.version}, Node ${run.nodeVersion}`)}
${fact('Phases', phases.map(({ name, startMs, endMs }) => `${name} ${quantity(endMs - startMs, 'ms')}`).join(', '))}
${fact('Again', markup`<code>${commandOf(run, phases)}</code> (in this report&rsquo;s folder)`)}
${left.length === 0 ? undefined : fact('Not kept', left.map(([what, count]) => `${what}: ${digits(count)}`).join(', '))}
</dl>
</section>`;
}

/** The scenario as it was run lies beside the report; `start` and `calm` take the time they need. */
export function commandOf(run: RunFacts, phases: Evidence['phases']): string {
  const playedMs = phases
    .filter(({ name }) => name !== 'start' && name !== 'calm')
    .reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
  return [
    'dps-agent-soak run --scenario ./scenario.yaml',
    `--agents ${run.agents}`,
    ...(playedMs === 0 ? [] : [`--duration ${Math.max(10, Math.round(playedMs / 1000))}s`]),
    `--seed ${run.seed}`,
    ...(run.host === 'in-process' ? ['--in-process'] : []),
    ...(run.target === 'azure' ? ['--target azure --max-messages N'] : []),
  ].join(' ');
}

function tile(title: string, value: Content, more: Content): Html {
  return markup`<div><dt>${title}</dt><dd><strong>${value}</strong> <span>${more}</span></dd></div>`;
}

function fact(title: string, value: Content): Html {
  return markup`<dt>${title}</dt><dd>${value}</dd>`;
}
