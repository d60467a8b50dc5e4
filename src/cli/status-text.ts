import type { AgentStatus } from '../local-api/status.ts';
import { statusLines } from '../local-api/status-lines.ts';
import type { StatusLine } from '../local-api/status-lines.ts';
import type { Paint, Painter } from './colour.ts';

/** Of a line's name, in characters. */
const nameWidth = 12;
/** What failed before is told this often; `--output json` has it all. */
const mostErrors = 5;

/** An agent's status for people, a line a fact. */
export function statusText(status: AgentStatus, now: Date, paint: Painter): string {
  const { agent, state, identity, queue, inputs, messages, tasks, errors } = statusLines(status, now);
  const [version, usage] = agent;
  const lines = [
    ...[version, ...state, ...identity, ...queue, ...inputs, ...messages, ...tasks, usage],
    ...errors.slice(0, mostErrors),
  ];
  return lines.map((line) => (line === undefined ? '' : textOf(line, paint))).join('');
}

function textOf({ name, value, tone }: StatusLine, paint: Painter): string {
  const paints: Readonly<Record<NonNullable<StatusLine['tone']>, Paint>> = {
    good: paint.ok,
    warning: paint.warn,
    bad: paint.error,
  };
  return `${paint.dim(name.padEnd(nameWidth))}${tone === undefined ? value : paints[tone](value)}\n`;
}
