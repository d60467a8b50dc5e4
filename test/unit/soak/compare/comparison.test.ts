import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { compareRuns } from '../../../../src/soak/compare/comparison.ts';
import { comparisonText } from '../../../../src/soak/compare/comparison-text.ts';
import { readRun } from '../../../../src/soak/compare/read-run.ts';
import type { RunResult } from '../../../../src/soak/compare/read-run.ts';
import type { Finding } from '../../../../src/soak/judge/verdict.ts';
import { evidence } from '../../../fakes/evidence.ts';
import { temporaryDirectory } from '../../../fakes/temporary-directory.ts';

function finding(id: string, value: number, changes: Partial<Finding> = {}): Finding {
  const outcome = value <= 100 ? 'held' : 'broken';
  return { id, title: id, outcome, value, limit: 100, unit: 'ms', detail: `${id} seen`, ...changes };
}

function result(invariants: Finding[], changes: Partial<RunResult> = {}): RunResult {
  const ok = invariants.every(({ outcome }) => outcome !== 'broken');
  return { run: { ...evidence().run }, ok, invariants, figures: {}, ...changes };
}

describe('two runs compared', () => {
  it('have what broke first, then what got worse most, and what was mended last', () => {
    const before = result([
      finding('a', 50),
      finding('b', 150),
      finding('c', 50),
      finding('d', 50),
      finding('e', 50),
    ]);
    const after = result([
      finding('a', 51),
      finding('b', 50),
      finding('c', 90),
      finding('d', 130),
      finding('e', 20),
    ]);
    assert.deepEqual(
      compareRuns(before, after).invariants.map(({ id, change }) => `${id} ${change}`),
      ['d broke', 'c worse', 'a same', 'e better', 'b mended'],
    );
  });

  it('are not said to differ in what one of them has not judged or does not know', () => {
    const notJudged = finding('a', 0, { outcome: 'not-judged' });
    const compared = compareRuns(result([notJudged]), result([finding('a', 50), finding('new', 1)]));
    assert.deepEqual(
      compared.invariants.map(({ id, change }) => `${id} ${change}`),
      ['a unknown', 'new unknown'],
    );
  });

  it('are told apart by scenario, seed and machine', () => {
    const one = result([]);
    const other = result([], { run: { ...one.run, scenario: 'weekend', seed: 7 } });
    assert.deepEqual(compareRuns(one, other).unlike, [
      { what: 'scenario', before: 'made up', after: 'weekend' },
      { what: 'seed', before: '1', after: '7' },
    ]);
    assert.match(
      comparisonText(compareRuns(one, other)),
      /Not the same to begin with:\n {2}scenario: made up before/,
    );
    assert.doesNotMatch(comparisonText(compareRuns(one, one)), /Not the same/);
  });

  it('have figures, less of most and more of what is delivered being better', () => {
    const one = result([], {
      figures: { deliveredPerSecond: 40, cpuMsPerMessage: 6, recovery: { p99Ms: 1000 } },
    });
    const other = result([], {
      figures: { deliveredPerSecond: 20, cpuMsPerMessage: 3, recovery: { p99Ms: 4000 } },
    });
    const { figures } = compareRuns(one, other);
    assert.deepEqual(
      figures.map(({ name, worsening }) => [name, worsening]),
      [
        ['recovery p99', 3],
        ['delivered', 0.5],
        ['CPU per message', -0.5],
      ],
    );
    const text = comparisonText(compareRuns(one, other));
    assert.match(text, /worse {3}recovery p99 +1 s +-> {2}4 s +\+300 %/);
    assert.match(text, /better {2}CPU per message +6 ms +-> {2}3 ms +-50 %/);
  });

  it('are told with what was seen of that which is broken', () => {
    const text = comparisonText(compareRuns(result([finding('a', 50)]), result([finding('a', 150)])));
    assert.match(text, /BROKE {2}a {2}50 ms {2}-> {2}150 ms \(broken\) {2}of at most 100 ms\n {2}a: a seen/);
  });
});

describe('a run that is over', () => {
  it('is read from its directory or its result.json, one of an older version too', async (t) => {
    const folder = await temporaryDirectory(t);
    const { run, ok, invariants } = result([finding('a', 50)]);
    await writeFile(join(folder, 'result.json'), JSON.stringify({ run, ok, invariants }));
    const read = await readRun(folder);
    assert.deepEqual([read.run.scenario, read.ok, read.figures], ['made up', true, {}]);
    assert.deepEqual(await readRun(join(folder, 'result.json')), read);
  });

  it('is refused by name when it is no run', async (t) => {
    const folder = await temporaryDirectory(t);
    await assert.rejects(readRun(folder), {
      name: 'ConfigError',
      message: `cannot compare ${folder}: it must be a run directory or its result.json`,
    });
    await writeFile(join(folder, 'result.json'), '{"ok": true}');
    await assert.rejects(readRun(folder), { name: 'ConfigError' });
  });
});
