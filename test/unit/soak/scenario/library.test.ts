import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { describeError } from '../../../../src/lib/errors.ts';
import { faultKinds } from '../../../../src/soak/faults/kinds.ts';
import { libraryScenarios, loadScenario } from '../../../../src/soak/scenario/library.ts';
import { scenarioList } from '../../../../src/soak/scenario/scenario-list.ts';
import { scheduleOf, total } from '../../../../src/soak/scenario/schedule.ts';
import type { Scenario } from '../../../../src/soak/scenario/scenario.ts';
import { temporaryDirectory } from '../../../fakes/temporary-directory.ts';

const directory = join(import.meta.dirname, '../../../../config/soak');
const minute = 60_000;

describe('the library of scenarios', () => {
  it('has eight, each called as its file and with faults for its purpose', async () => {
    const scenarios = await libraryScenarios(directory, faultKinds);
    const names = [
      'clock',
      'disk',
      'flaky-cellular',
      'moving-hubs',
      'rotation',
      'smoke',
      'stampede',
      'weekend',
    ];
    assert.deepEqual(
      scenarios.map(({ name }) => name),
      names,
    );
    for (const { name, description, phases } of scenarios) {
      assert.notEqual(description, '', name);
      assert.ok(phases.some(({ faults }) => faults.length > 0));
      assert.equal(phases[0]?.faults.length, 0, `${name} begins with something to compare with`);
    }
    assert.match(
      scenarioList(scenarios),
      /^smoke {11}two minutes of everything \(20 agents, 2m, \d+ kinds of fault\)$/m,
    );
  });

  it('smokes for two minutes with ten kinds of fault at least, each of which finds its room', async () => {
    const { scenario } = await loadScenario('smoke', directory, faultKinds);
    assert.equal(total(scenario.phases), 2 * minute);
    assert.equal(scenario.agents, 20);
    assert.ok(kindsStruck(scenario, 2 * minute).size >= 10);
  });

  it('has a weekend of sixty hours that fits into half an hour with every kind of fault', async () => {
    const { scenario } = await loadScenario('weekend', directory, faultKinds);
    assert.equal(total(scenario.phases), 60 * 60 * minute);
    const all = new Set(scenario.phases.flatMap(({ faults }) => faults.map(({ kind }) => kind)));
    assert.deepEqual([...kindsStruck(scenario, 30 * minute)].sort(), [...all].sort());
  });

  it('takes a file by its path, and keeps its text', async (t) => {
    const path = join(await temporaryDirectory(t), 'own.yaml');
    const text = 'name: own\nphases: [{name: only, duration: 1m}]\n';
    await writeFile(path, text);
    const loaded = await loadScenario(path, directory, faultKinds);
    assert.deepEqual([loaded.scenario.name, loaded.text], ['own', text]);
  });

  it('says which one may have been meant', async () => {
    const messageOf = (name: string): Promise<string> =>
      loadScenario(name, directory, faultKinds).then(() => 'found', describeError);
    assert.equal(
      await messageOf('stampeed'),
      'cannot find a scenario called stampeed: did you mean stampede?; a file needs its path, such as ./stampeed.yaml',
    );
    assert.match(await messageOf('x'), /^cannot find a scenario called x: there are clock, disk, /);
    assert.match(await messageOf('./absent.yaml'), /^cannot read the scenario .\/absent.yaml: ENOENT/);
  });
});

function kindsStruck(scenario: Scenario, durationMs: number): Set<string> {
  const names = Array.from({ length: scenario.agents }, (_, index) => `agent-${index}`);
  const { occurrences } = scheduleOf(scenario, durationMs, names, (name) => {
    const timing = faultKinds.find((kind) => kind.name === name)?.timing;
    return { shortestMs: timing?.shortestMs ?? 2000, exclusive: timing?.exclusive ?? name };
  });
  return new Set(occurrences.map(({ kind }) => kind));
}
