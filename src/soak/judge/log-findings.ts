import type { LogFinding, ProcessEnd } from '../evidence.ts';
import { moment, some, within } from './invariant.ts';
import type { Invariant } from './invariant.ts';

/** No error without an owner in any log, and no process that ends unless it is told to, or as it is not told to. */
export const unhandled: Invariant = ({ findings, ends }) => {
  const errors = findings.filter(({ kind }) => kind !== 'secret').map(inWords);
  const amiss = ends.filter(isAmiss).map(endInWords);
  return within(
    {
      id: 'unhandled',
      title: 'No unhandled error in any log, and no process that ended by itself or in disorder',
      limit: 0,
      unit: 'findings',
    },
    errors.length + amiss.length,
    { held: `${ends.length} ends of processes, all of them wanted`, broken: some([...amiss, ...errors]) },
  );
};

export const secrets: Invariant = ({ findings }) => {
  const found = findings.filter(({ kind }) => kind === 'secret').map(inWords);
  return within({ id: 'secrets', title: 'No secret in any log', limit: 0, unit: 'lines' }, found.length, {
    held: 'none was found',
    broken: some(found),
  });
};

/** By itself; or told to end in order, and it had to be killed, or failed. One that was hardly started knows no SIGTERM. */
export function isAmiss({ wanted, asked, code, signal }: ProcessEnd): boolean {
  return !wanted || (asked === 'SIGTERM' && code !== 0 && signal !== 'SIGTERM');
}

function endInWords({ unit, atMs, code, signal, asked }: ProcessEnd): string {
  const how = `at ${moment(atMs)} with ${signal ?? `status ${code ?? '?'}`}`;
  return asked === undefined ? `${unit} ended ${how}` : `${unit} was told to end, and did ${how}`;
}

function inWords({ kind, agent, atMs, line }: LogFinding): string {
  return `${kind} of ${agent} at ${moment(atMs)}: ${line.slice(0, 200)}`;
}
