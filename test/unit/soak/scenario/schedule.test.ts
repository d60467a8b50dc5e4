import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Phase, PlannedFault } from '../../../../src/soak/scenario/scenario.ts';
import { scheduleOf } from '../../../../src/soak/scenario/schedule.ts';
import type { KindTiming, Schedule } from '../../../../src/soak/scenario/schedule.ts';

const names = Array.from({ length: 20 }, (_, index) => `agent-${index + 1}`);
const minute = 60_000;

describe('the schedule of a scenario', () => {
  it('is the same for the same seed, and another for another', () => {
    const phases = [phase({ faults: [every(10_000, { agents: { share: 0.3 } })] })];
    assert.deepEqual(schedule(phases, { seed: 7 }), schedule(phases, { seed: 7 }));
    assert.notDeepEqual(schedule(phases, { seed: 7 }), schedule(phases, { seed: 8 }));
  });

  it('leaves a line as it is when another is added below it', () => {
    const first = every(10_000, { kind: 'kill' });
    const alone = schedule([phase({ faults: [first] })]);
    const both = schedule([phase({ faults: [first, every(5_000, { kind: 'cut' })] })]);
    assert.deepEqual(momentsOf(both, 'kill'), momentsOf(alone, 'kill'));
  });

  it('scales phases, moments and lengths', () => {
    const phases = [
      phase({ name: 'one', durationMs: 10 * minute, faults: [at(5 * minute, { forMs: 2 * minute })] }),
      phase({ name: 'two', durationMs: 30 * minute }),
    ];
    const { occurrences, phases: timed } = schedule(phases, { durationMs: 4 * minute });
    assert.deepEqual(
      timed.map(({ name, startMs, endMs }) => [name, startMs, endMs]),
      [
        ['one', 0, minute],
        ['two', minute, 4 * minute],
      ],
    );
    assert.deepEqual(
      occurrences.map(({ atMs, forMs }) => [atMs, forMs]),
      [[30_000, 12_000]],
    );
  });

  it('makes a fault no shorter than its kind can be, and no longer than the scenario says', () => {
    const phases = [phase({ durationMs: 100 * minute, faults: [at(0, { forMs: 10 * minute })] })];
    const compressed = schedule(phases, { durationMs: minute, timing: { shortestMs: 20_000 } });
    assert.deepEqual(lengthsOf(compressed), [20_000]);
    assert.deepEqual(lengthsOf(schedule(phases, { durationMs: 1000 * minute })), [10 * minute]);
  });

  it('ends every fault with the run', () => {
    const { occurrences } = schedule([phase({ faults: [at(50_000, { forMs: 30_000 })] })]);
    assert.deepEqual(lengthsOf({ occurrences }), [10_000]);
  });

  it('strikes a share of all, one at least, or so many, each once', () => {
    const struck = (agents: PlannedFault['agents']): number =>
      new Set(schedule([phase({ faults: [at(0, { agents })] })]).occurrences[0]?.agents).size;
    assert.equal(struck({ share: 0.3 }), 6);
    assert.equal(struck({ share: 0.001 }), 1);
    assert.equal(struck({ count: 4 }), 4);
    assert.equal(struck({ count: 400 }), 20);
  });

  it('puts one fault behind another of its sort, and counts those without room', () => {
    const outage = at(10_000, { kind: 'outage', forMs: 20_000 });
    const restart = at(15_000, { kind: 'restart', forMs: 25_000 });
    const late = at(20_000, { kind: 'outage', forMs: 1_000 });
    const { occurrences, skipped } = schedule([phase({ faults: [outage, restart, late] })], {
      timing: { exclusive: 'hub' },
    });
    assert.deepEqual(
      occurrences.map(({ kind, atMs }) => [kind, atMs]),
      [
        ['outage', 10_000],
        ['restart', 30_500],
        ['outage', 56_000],
      ],
    );
    assert.equal(skipped, 0);
    const full = schedule([phase({ faults: [at(0, { forMs: minute }), at(1000)] })]);
    assert.deepEqual([full.occurrences.length, full.skipped], [1, 1]);
  });

  it('never has two of a sort at once, whatever the scenario', () => {
    const fault = fc.record({
      kind: fc.constantFrom('kill', 'outage', 'cut'),
      when: fc.oneof(
        fc.record({ atMs: fc.integer({ min: 0, max: minute }) }),
        fc.record({ everyMs: fc.integer({ min: 1, max: minute }) }),
      ),
      forMs: fc.integer({ min: 0, max: 2 * minute }),
      agents: fc.record({ share: fc.double({ min: 0.01, max: 1, noNaN: true }) }),
      options: fc.constant({}),
    });
    const run = fc.record({
      faults: fc.array(fault, { maxLength: 5 }),
      seed: fc.nat(),
      durationMs: fc.integer({ min: 1000, max: 20 * minute }),
    });
    fc.assert(
      fc.property(run, ({ faults, ...options }) => {
        const { occurrences } = schedule([phase({ faults }), phase({ name: 'two', faults })], options);
        const ends = new Map<string, number>();
        for (const { kind, atMs, forMs, id } of occurrences) {
          assert.ok(atMs >= (ends.get(kind) ?? 0), `${kind} ${id} begins before the one before it ended`);
          assert.ok(atMs + forMs <= options.durationMs);
          ends.set(kind, atMs + forMs);
        }
      }),
      { numRuns: 200 },
    );
  });
});

interface Run {
  readonly seed?: number;
  readonly durationMs?: number;
  readonly timing?: Partial<KindTiming>;
}

function schedule(phases: readonly Phase[], { seed = 1, durationMs, timing }: Run = {}): Schedule {
  const whole = phases.reduce((sum, each) => sum + each.durationMs, 0);
  return scheduleOf({ phases, seed }, durationMs ?? whole, names, (kind) => ({
    shortestMs: 1000,
    exclusive: kind,
    ...timing,
  }));
}

function phase(over: Partial<Phase> = {}): Phase {
  const load = {
    messagesPerSecond: 1,
    bytes: [100, 200],
    burst: { messages: 0, everyMs: 0 },
    twinEveryMs: 0,
  };
  return { name: 'one', durationMs: minute, faults: [], load: { ...load, bytes: [100, 200] }, ...over };
}

function at(atMs: number, over: Partial<PlannedFault> = {}): PlannedFault {
  return { kind: 'kill', when: { atMs }, forMs: 0, agents: { count: 1 }, options: {}, ...over };
}

function every(everyMs: number, over: Partial<PlannedFault> = {}): PlannedFault {
  return at(0, { ...over, when: { everyMs } });
}

function momentsOf({ occurrences }: Schedule, kind: string): number[] {
  return occurrences.filter((each) => each.kind === kind).map(({ atMs }) => atMs);
}

function lengthsOf({ occurrences }: Pick<Schedule, 'occurrences'>): number[] {
  return occurrences.map(({ forMs }) => forMs);
}
