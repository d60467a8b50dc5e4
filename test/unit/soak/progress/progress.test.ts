import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ProgressLines } from '../../../../src/soak/progress/json-progress.ts';
import { momentOf } from '../../../../src/soak/progress/moment.ts';
import type { Act, Moment, Scene } from '../../../../src/soak/progress/moment.ts';
import { together } from '../../../../src/soak/progress/progress.ts';
import { Screen } from '../../../../src/soak/progress/screen.ts';
import { terminalProgress } from '../../../../src/soak/progress/terminal-progress.ts';
import type { TimedPhase } from '../../../../src/soak/scenario/schedule.ts';
import { FakeClock } from '../../../fakes/fake-clock.ts';

const phase: TimedPhase = {
  ...{ name: 'network', startMs: 9000, endMs: 39_000, durationMs: 30_000, faults: [] },
  load: { messagesPerSecond: 1, bytes: [1, 1], burst: { messages: 0, everyMs: 0 }, twinEveryMs: 0 },
};
const act: Act = {
  engine: { underWay: [{ id: 4, kind: 'cut', description: 'cut', startMs: 10_000, agents: ['a', 'b'] }] },
  schedule: {
    phases: [phase, { ...phase, name: 'cloud', startMs: 39_000, endMs: 69_000 }],
    occurrences: [
      { id: 4, kind: 'cut', phase: 'network', atMs: 10_000, forMs: 8000, agents: ['a', 'b'], options: {} },
    ],
  },
};

function sceneAt(elapsedMs: number, current: string, played: Act | undefined): Scene {
  return {
    fleet: { members: [], states: new Map() },
    ledger: { totals: { promised: 12, delivered: 10, duplicates: 1, outstanding: 2 } },
    timeline: { elapsed: () => elapsedMs, current },
    act: () => played,
  };
}

describe('a moment of a run', () => {
  it('has what is left of the phase, of all and of each fault', () => {
    const { phaseLeftMs, leftMs, faults } = momentOf(sceneAt(12_000, 'network', act));
    assert.deepEqual([phaseLeftMs, leftMs], [27_000, 57_000]);
    assert.deepEqual(faults, [{ id: 4, kind: 'cut', description: 'cut', agents: 2, leftMs: 6000 }]);
  });

  it('promises no end while the fleet starts, and none of the calm', () => {
    const starting = momentOf(sceneAt(5000, 'start', undefined));
    assert.deepEqual([starting.phaseLeftMs, starting.leftMs, starting.faults], [undefined, undefined, []]);
    assert.equal(momentOf(sceneAt(70_000, 'calm', act)).phaseLeftMs, undefined);
  });
});

describe('progress for programs', () => {
  const quiet = { ...momentOf(sceneAt(0, 'network', undefined)) };
  const cut = { id: 4, kind: 'cut', description: 'cut', agents: 2, leftMs: 1 };
  const eventsOf = (lines: ProgressLines, moment: Moment): string[] =>
    lines.of(moment).map(({ event }) => event);

  it('has a line every ten seconds, and one for each phase and fault when it comes and goes', () => {
    const lines = new ProgressLines();
    assert.deepEqual(eventsOf(lines, quiet), ['phase', 'progress']);
    assert.deepEqual(eventsOf(lines, { ...quiet, elapsedMs: 1000, faults: [cut] }), ['fault']);
    assert.deepEqual(eventsOf(lines, { ...quiet, elapsedMs: 2000, faults: [cut] }), []);
    assert.deepEqual(eventsOf(lines, { ...quiet, elapsedMs: 3000, phase: 'calm' }), ['phase', 'fault-over']);
    assert.deepEqual(eventsOf(lines, { ...quiet, elapsedMs: 10_000, phase: 'calm' }), ['progress']);
  });
});

describe('progress on a terminal', () => {
  it('is drawn over itself, and what else is said stays above it', () => {
    const written: string[] = [];
    const screen = new Screen((text) => written.push(text));
    screen.show(['one', 'two']);
    screen.say('a warning\n');
    screen.show([]);
    screen.say('held\n');
    const up = '\u001B[2A\r\u001B[J';
    assert.deepEqual(written, ['one\ntwo\n', `${up}a warning\none\ntwo\n`, up, 'held\n']);
  });

  it('follows the run every second, until it is over', async () => {
    const written: string[] = [];
    const clock = new FakeClock();
    const screen = new Screen((text) => written.push(text));
    const progress = together([terminalProgress(clock, screen, () => ({ columns: 80, isColoured: false }))]);
    progress.begin(sceneAt(12_000, 'network', act));
    await clock.advance(1000);
    assert.equal(written.length, 2);
    assert.ok(written[1]?.startsWith('\u001B[4A\r\u001B[J0:12  network'));
    progress.end();
    await clock.advance(5000);
    assert.equal(written.length, 3, 'only to erase it');
  });
});
