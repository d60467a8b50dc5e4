import type { CheckResult } from '../checks/run-checks.ts';
import type { Painter } from './colour.ts';

const statusWidth = 9;
const idWidth = 17;
const indent = ' '.repeat(statusWidth);

/** One result, as people read it: what was seen, and under it what to do and what to type. */
export function checkText(result: CheckResult, paint: Painter): string {
  const { id, status, seen, remedy, command, code, tookMs, hops = {} } = result;
  const name = paintOf(status, paint)(status.padEnd(statusWidth));
  const [first = '', ...more] = seen.split('\n');
  const took = status === 'skipped' ? '' : paint.dim(` (${tookMs} ms)`);
  const mark = code === undefined ? '' : ` [${code}]`;
  const times = Object.entries(hops).map(([hop, ms]) => `${hop} ${ms} ms`);
  const lines = [
    `${name}${id.padEnd(idWidth)}${first}${mark}${took}`,
    ...more.map((line) => `${indent}  ${line}`),
    ...(times.length === 0 ? [] : [`${indent}  ${paint.dim(times.join(', '))}`]),
    ...(remedy === undefined || status === 'ok' ? [] : [`${indent}  to do:   ${remedy}`]),
    ...(command === undefined || status === 'ok' ? [] : [`${indent}  to type: ${paint.bold(command)}`]),
  ];
  return `${lines.join('\n')}\n`;
}

/** `19 ok, 2 warnings, 1 error, 4 skipped, in 3.2 s`. */
export function checkSummary(results: readonly CheckResult[], tookMs: number, paint: Painter): string {
  const count = (status: CheckResult['status']): number =>
    results.filter((result) => result.status === status).length;
  const [warnings, errors] = [count('warning'), count('error')];
  const parts = [
    `${count('ok')} ok`,
    `${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`,
    `${errors} ${errors === 1 ? 'error' : 'errors'}`,
    `${count('skipped')} skipped`,
  ];
  const worst = errors > 0 ? paint.error : warnings > 0 ? paint.warn : paint.ok;
  return `\n${worst(parts.join(', '))}, in ${(tookMs / 1000).toFixed(1)} s\n`;
}

export interface ListedCheck {
  readonly id: string;
  readonly looksAt: string;
  readonly isOnline: boolean;
}

export function checkListText(checks: readonly ListedCheck[]): string {
  return checks.map(({ id, looksAt }) => `${id.padEnd(idWidth)}${looksAt}\n`).join('');
}

function paintOf(status: CheckResult['status'], paint: Painter): Painter['ok'] {
  switch (status) {
    case 'ok':
      return paint.ok;
    case 'warning':
      return paint.warn;
    case 'error':
      return paint.error;
    case 'skipped':
      return paint.dim;
  }
}
