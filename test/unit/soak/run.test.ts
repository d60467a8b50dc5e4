import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { SystemClock } from '../../../src/lib/clock.ts';
import { describeEstimate, estimate } from '../../../src/soak/azure-estimate.ts';
import { figuresOf } from '../../../src/soak/figures.ts';
import { judge } from '../../../src/soak/judge/judge.ts';
import { MessageBudget } from '../../../src/soak/message-budget.ts';
import { makeRunDirectory } from '../../../src/soak/run-directory.ts';
import { parseScenario } from '../../../src/soak/scenario/parse-scenario.ts';
import { Timeline } from '../../../src/soak/timeline.ts';
import { undoing } from '../../../src/soak/undoing.ts';
import { evidence, limits } from '../../fakes/evidence.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';
import { temporaryDirectory } from '../../fakes/temporary-directory.ts';

const never = new AbortController().signal;

describe('what a run puts off', () => {
  it('is done last first, when all went well', async () => {
    const said: string[] = [];
    const put = (text: string) => () => Promise.resolve(said.push(text));
    const value = await undoing((defer) => {
      defer(put('cloud'));
      defer(put('fleet'));
      return Promise.resolve(7);
    });
    assert.deepEqual([value, said], [7, ['fleet', 'cloud']]);
  });

  it('is done whatever became of the rest, and every failure is told', async () => {
    const said: string[] = [];
    const run = undoing((defer) => {
      defer(() => Promise.resolve(said.push('cloud')));
      defer(() => Promise.reject(new Error('cannot stop')));
      return Promise.reject(new Error('cannot start'));
    });
    await assert.rejects(run, (error: unknown) => {
      assert.ok(error instanceof AggregateError);
      assert.deepEqual(error.errors.map(String), ['Error: cannot start', 'Error: cannot stop']);
      return true;
    });
    assert.deepEqual(said, ['cloud']);
  });
});

describe('the timeline of a run', () => {
  it('counts from its beginning and knows each phase, one that failed too', async () => {
    const clock = new FakeClock();
    await clock.advance(500);
    const timeline = new Timeline(clock);
    await timeline.during('start', () => clock.advance(1000));
    const failed = timeline.during('trouble', async () => {
      await clock.advance(2000);
      throw new Error('over');
    });
    await assert.rejects(failed, /over/);
    assert.deepEqual(timeline.phases, [
      { name: 'start', startMs: 0, endMs: 1000 },
      { name: 'trouble', startMs: 1000, endMs: 3000 },
    ]);
    assert.equal(timeline.current, 'trouble');
  });
});

describe('the directory of a run', () => {
  it('has the scenario as it was run, the evidence and the verdict', async (t) => {
    const out = join(await temporaryDirectory(t), 'run');
    const directory = await makeRunDirectory({ out, scenario: 's', seed: 1, now: new Date(0) });
    await directory.writeScenario('name: s\n');
    assert.equal(directory.path, out);
    assert.equal(await readFile(join(out, 'scenario.yaml'), 'utf8'), 'name: s\n');
  });

  it('is not that of an earlier run', async (t) => {
    const options = { out: await temporaryDirectory(t), scenario: 's', seed: 1, now: new Date(0) };
    await makeRunDirectory(options);
    await assert.rejects(makeRunDirectory(options), {
      message: `cannot use ${options.out} for a run: an earlier one is in it, or a file; give --out another`,
    });
  });
});

describe('the directory of a run that cannot be written', () => {
  it('is no reason to keep the verdict from whoever waited for it', async (t) => {
    const out = join(await temporaryDirectory(t), 'run');
    const directory = await makeRunDirectory({ out, scenario: 's', seed: 1, now: new Date(0) });
    await rm(out, { recursive: true });
    await writeFile(out, 'in its place');
    const [seen, verdict] = [evidence(), judge(evidence(), limits)];
    await assert.rejects(directory.writeOutcome(seen, verdict, figuresOf(seen, limits)), (error: Error) => {
      assert.match(error.message, /^cannot write to .* what came of the run, which was\nheld {6} /);
      assert.match(error.message, /^held$/m);
      assert.match(String(error.cause), /ENOTDIR|EEXIST/);
      return true;
    });
  });

  it('is not said to have a run in it', async (t) => {
    const file = join(await temporaryDirectory(t), 'file');
    await writeFile(file, '');
    const options = { out: join(file, 'run'), scenario: 's', seed: 1, now: new Date(0) };
    await assert.rejects(makeRunDirectory(options), { message: `cannot use ${options.out} for a run` });
  });
});

describe('the budget of messages', () => {
  it('is never exceeded, and leaves a fifth for what has to be sent again', async () => {
    const budget = new MessageBudget(10, new SystemClock());
    const posted: number[] = [];
    const post = budget.spending({
      post: (lines) => {
        posted.push(lines.length);
        return Promise.resolve({ status: 202, accepted: lines.length });
      },
      close: () => undefined,
    });
    const statuses = [];
    for (const count of [3, 3, 3, 2, 1])
      statuses.push((await post.post(Array<string>(count).fill('x'), never)).status);
    assert.deepEqual(statuses, [202, 202, 429, 202, 429]);
    assert.deepEqual([posted, budget.left], [[3, 3, 2], 0]);
  });
});

describe('the estimate for a run against Azure', () => {
  const scenario = parseScenario(
    [
      'name: priced',
      'agents: 10',
      'phases:',
      '  - {name: small, duration: 1h, load: {messages_per_second: 1, bytes: 1KB}}',
      '  - {name: large, duration: 1h, load: {messages_per_second: 1, bytes: 5KB}}',
    ].join('\n'),
    's.yaml',
    [],
  );

  it('counts messages, and what they are billed as', () => {
    assert.deepEqual(estimate(scenario, 2 * 3_600_000), {
      messages: 72_000,
      billedUnits: 108_000,
      peakMessagesPerSecond: 10,
      registrations: 10,
    });
    assert.equal(estimate(scenario, 3_600_000).messages, 36_000);
  });

  it('says what it is of a day, and where it is cut off', () => {
    const told = describeEstimate(estimate(scenario, 2 * 3_600_000), 50_000);
    assert.match(told, /about 72000, which bill as 108000 of 4 KB; cut off at 50000/);
    assert.match(told, /S1 or B1: 400,000 a day and unit, this is 12.5 %/);
  });
});
