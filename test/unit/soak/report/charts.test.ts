import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Chart } from '../../../../src/soak/report/charts/chart.ts';
import { deliveriesChart } from '../../../../src/soak/report/charts/deliveries-chart.ts';
import { handlesChart, memoryChart } from '../../../../src/soak/report/charts/process-charts.ts';
import { perMinute, ratesChart } from '../../../../src/soak/report/charts/rates-chart.ts';
import { statesChart } from '../../../../src/soak/report/charts/states-chart.ts';
import { connectedFrom, evidence, offline, samples } from '../../../fakes/evidence.ts';

const megabyte = 1024 * 1024;

function valuesOf({ series }: Chart, label: string): readonly (number | null)[] {
  const found = series.find((each) => each.label === label);
  assert.ok(found !== undefined, `there is ${label}`);
  return found.values;
}

describe('the chart of messages', () => {
  it('shows rates, the last of which is of the time that there was', () => {
    const series = { stepMs: 2000, promised: [4, 8, 2], delivered: [0, 10, 4], duplicates: [0, 0, 1] };
    const chart = deliveriesChart(series, 6000);
    assert.deepEqual(chart.at, [0, 2, 4]);
    assert.deepEqual(valuesOf(chart, 'promised'), [2, 4, 1]);
    assert.deepEqual(valuesOf(chart, 'delivered again'), [0, 0, 0.5]);
  });

  it('has no more points than a screen shows, and loses no message', () => {
    const counts = Array.from({ length: 2000 }, () => 3);
    const chart = deliveriesChart(
      { stepMs: 128_000, promised: counts, delivered: counts, duplicates: [] },
      256_000_000,
    );
    assert.ok(chart.at.length <= 720);
    const stepS = (chart.at[1] ?? 0) - (chart.at[0] ?? 0);
    const sum = valuesOf(chart, 'promised').reduce<number>((total, value) => total + (value ?? 0) * stepS, 0);
    assert.ok(Math.abs(sum - 6000) < 30, `${sum} of 6000`);
  });
});

describe('the chart of states', () => {
  it('adds up to all agents at every moment, however short a state was', () => {
    const states = [
      ...connectedFrom('one', 1000),
      ...connectedFrom('two', 3500),
      ...offline('one', 5250, 5750),
    ];
    const chart = statesChart(
      evidence({ states, phases: [{ name: 'steady', startMs: 0, endMs: 10_000 }] }, 10_000),
    );
    assert.equal(chart.at.length, 10);
    for (const [index] of chart.at.entries()) {
      const sum = chart.series.reduce((total, { values }) => total + (values[index] ?? 0), 0);
      assert.ok(Math.abs(sum - 2) < 0.01, `${sum} agents in second ${index}`);
    }
    assert.deepEqual(valuesOf(chart, 'waiting').slice(4, 7), [0, 0.5, 0]);
    assert.deepEqual(valuesOf(chart, 'connected').slice(3, 6), [1.5, 2, 1.5]);
  });

  it('draws states that it does not know on top', () => {
    const states = [{ agent: 'one', atMs: 0, state: 'dreaming' }];
    const chart = statesChart(evidence({ states }));
    assert.equal(chart.series.at(-1)?.label, 'dreaming');
  });
});

describe('the charts of processes', () => {
  it('divide what a process has by its agents', () => {
    const crew = samples('crew', 3000, () => ({ agents: 10, rssBytes: 100 * megabyte, descriptors: 50 }));
    const alone = samples('alone', 3000, () => ({ rssBytes: 30 * megabyte, descriptors: 25 }));
    assert.deepEqual(valuesOf(memoryChart([...crew, ...alone]), 'highest'), [30, 30, 30]);
    assert.deepEqual(valuesOf(memoryChart([...crew, ...alone]), 'half below'), [20, 20, 20]);
    assert.deepEqual(valuesOf(handlesChart([...crew, ...alone]), 'descriptors, most'), [25, 25, 25]);
  });

  it('have no line for what nobody could be asked', () => {
    const sampled = samples('one', 3000).map(({ timers: _, ...rest }) => rest);
    assert.ok(handlesChart(sampled).series.every(({ label }) => label !== 'timers'));
  });
});

describe('the chart of registrations', () => {
  it('counts what came in the minute before, and the most of each step', () => {
    const times = [1000, 2000, 3000, 62_500];
    assert.deepEqual(
      perMinute(times, 70_000, 1000).filter((_, second) => [0, 1, 3, 60, 61, 62, 63].includes(second)),
      [0, 1, 3, 3, 2, 2, 1],
    );
  });

  it('draws the limit where it can be seen with the rest, and tells it otherwise', () => {
    const busy = evidence({
      registrations: Array.from({ length: 50 }, (_, index) => ({ agent: 'one', atMs: index })),
    });
    assert.equal(ratesChart(busy, 100).limit?.value, 100);
    const calm = ratesChart(evidence(), 1000);
    assert.equal(calm.limit, undefined);
    assert.match(calm.note, /limit of 1000 registrations is far above/);
  });
});
