import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fleetFigures } from '../../../bench/fleet-figures.ts';
import type { FleetRound } from '../../../bench/fleet-figures.ts';
import { bends, marginals } from '../../../bench/fleet-growth.ts';

describe('the growth of a fleet', () => {
  it('is told by what one more agent takes between two sizes, and bends where that changes by more than a fifth', () => {
    const steps = marginals([
      { agents: 1, total: 100 },
      { agents: 10, total: 190 },
      { agents: 100, total: 1180 },
      { agents: 1000, total: 12_880 },
    ]);
    assert.deepEqual(
      steps.map(({ from, to, each }) => [from, to, each]),
      [
        [1, 10, 10],
        [10, 100, 11],
        [100, 1000, 13],
      ],
    );
    assert.deepEqual(bends(steps), []);

    const bent = marginals([
      { agents: 1, total: 100 },
      { agents: 10, total: 190 },
      { agents: 100, total: 2000 },
    ]);
    assert.deepEqual(
      bends(bent).map(({ from, to }) => [from, to]),
      [[10, 100]],
    );
  });
});

describe('the figures of a fleet', () => {
  it('miss their target when somebody was never connected, or too late', () => {
    assert.deepEqual(targets([round({ agents: 2, connectedMs: [1000, 180_000] })]), [true]);
    assert.deepEqual(targets([round({ agents: 2, connectedMs: [1000, 180_001] })]), [false]);
    assert.deepEqual(targets([round({ agents: 2, connectedMs: [1000] })]), [false]);
  });

  it('tell when half of them and when 99 of 100 were connected', () => {
    const connectedMs = Array.from({ length: 100 }, (_, index) => 1000 * (index + 1));
    const [all] = fleetFigures([round({ agents: 100, connectedMs })]);
    assert.equal(all?.figure, '100.0 s');
    assert.match(all.against, /^first 1\.0 s, half 50\.0 s, 99 % 99\.0 s/);
  });

  it('tell what each takes, by the minute', () => {
    const figures = fleetFigures([round({ agents: 10, connectedMs: [1] })]);
    assert.deepEqual(
      figures.slice(1, 5).map(({ figure }) => figure),
      ['20.0 ms', '100 KB', '6.0 ms', '1.00'],
    );
  });
});

function targets(rounds: readonly FleetRound[]): unknown[] {
  return fleetFigures(rounds).flatMap(({ met }) => met ?? []);
}

function round(some: Pick<FleetRound, 'agents' | 'connectedMs'>): FleetRound {
  return {
    ...some,
    connecting: { cpuMs: 200, hubCpuMs: 50 },
    rest: {
      residentBytes: 2 * 1024 * 1000,
      anonymousBytes: 1024 * 1000,
      watchedMs: 30_000,
      cpuMs: 30,
      hubCpuMs: 10,
      hubGrowthBytes: 0,
      messages: 5,
      senders: 10,
    },
    disconnects: 0,
  };
}
