import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';

interface Result {
  readonly ok: boolean;
  readonly run: { readonly seed: number; readonly agents: number; readonly nodeVersion: string };
  readonly invariants: readonly { readonly id: string; readonly value: number; readonly limit: number }[];
  readonly figures: Readonly<Record<string, number>> & {
    readonly recovery: { readonly p50Ms: number; readonly p99Ms: number; readonly maxMs: number };
  };
}

const folder = join(import.meta.dirname, '../../../docs/soak');
const text = readFileSync(join(folder, 'README.md'), 'utf8');
const { ok, run, invariants, figures } = JSON.parse(
  readFileSync(join(folder, 'weekend-200-agents-30m.json'), 'utf8'),
) as Result;

describe('docs/soak/README.md', () => {
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
  const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
  const growth = invariants.find(({ id }) => id === 'memory-slope');
  for (const [what, figure] of [
    ['agents, in 20 processes', run.agents],
    ['messages promised', figures['promised']],
    ['of them at the hub', figures['delivered']],
    ['of them more than once', figures['duplicates']],
    ['sessions begun', figures['sessions']],
    ['registrations with DPS', figures['registrations']],
    ['recoveries', figures['recoveries']],
    [`faults, of ${String(figures['kindsOfFault'])} kinds`, figures['faults']],
    ['half of them within', seconds(figures.recovery.p50Ms)],
    ['99 of 100 within', seconds(figures.recovery.p99Ms)],
    ['the longest', seconds(figures.recovery.maxMs)],
    ['resident memory an agent', megabytes(figures['memoryBytesPerAgent'] ?? NaN)],
    ['its growth an hour, of which nothing is certain', megabytes(growth?.value ?? NaN)],
    [`broken invariants, of ${invariants.length}`, 0],
  ] as const)
    it(`tells of ${what} as the result does`, () => {
      const row = new RegExp(`^\\| ${what} +\\| ([^|]*?) +\\|$`, 'm').exec(text)?.[1];
      assert.equal(row, typeof figure === 'number' ? figure.toLocaleString('en-US') : figure);
    });

  it('is of a run in which everything held', () => {
    assert.equal(ok, true);
    assert.match(text, new RegExp(`--seed ${run.seed} `));
    assert.match(text, new RegExp(`Node ${run.nodeVersion.slice(1)}`));
    assert.match(text, new RegExp(`growth below ${megabytes(growth?.limit ?? NaN)}`));
  });
});
