import type { LogFinding } from '../evidence.ts';
import { moment, some, within } from './invariant.ts';
import type { Invariant } from './invariant.ts';

/** No error without an owner in any log, and no process that ends unless it is told to. */
export const unhandled: Invariant = ({ findings, ends }) => {
  const errors = findings.filter(({ kind }) => kind !== 'secret').map(inWords);
  const unwanted = ends
    .filter(({ wanted }) => !wanted)
    .map(
      ({ unit, atMs, code, signal }) =>
        `${unit} ended at ${moment(atMs)} with ${signal ?? `status ${code ?? '?'}`}`,
    );
  return within(
    {
      id: 'unhandled',
      title: 'No unhandled error in any log, and no process that ended by itself',
      limit: 0,
      unit: 'findings',
    },
    errors.length + unwanted.length,
    { held: `${ends.length} ends of processes, all of them wanted`, broken: some([...unwanted, ...errors]) },
  );
};

export const secrets: Invariant = ({ findings }) => {
  const found = findings.filter(({ kind }) => kind === 'secret').map(inWords);
  return within({ id: 'secrets', title: 'No secret in any log', limit: 0, unit: 'lines' }, found.length, {
    held: 'none was found',
    broken: some(found),
  });
};

function inWords({ kind, agent, atMs, line }: LogFinding): string {
  return `${kind} of ${agent} at ${moment(atMs)}: ${line.slice(0, 200)}`;
}
