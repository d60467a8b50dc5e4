import { formatDuration } from '../../config/duration.ts';
import { total } from './schedule.ts';
import type { Scenario } from './scenario.ts';

/** For `dps-agent-soak scenarios`. */
export function scenarioList(scenarios: readonly Scenario[]): string {
  const widest = Math.max(...scenarios.map(({ name }) => name.length));
  return scenarios
    .map(({ name, agents, phases, description }) => {
      const kinds = new Set(phases.flatMap(({ faults }) => faults.map(({ kind }) => kind)));
      const figures = `${agents} agents, ${formatDuration(total(phases))}, ${kinds.size} kinds of fault`;
      return `${name.padEnd(widest)}  ${description} (${figures})\n`;
    })
    .join('');
}
