import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FaultUnderWay, Moment } from '../../../../src/soak/progress/moment.ts';
import { momentLines } from '../../../../src/soak/progress/moment-lines.ts';
import { ratesBetween } from '../../../../src/soak/progress/terminal-progress.ts';

const wide = { columns: 120, isColoured: false };
const escape = '\u001B';
const colour = new RegExp(`${escape}\\[\\d+m`, 'g');
const rates = { promised: 40, delivered: 38.6 };

function moment(changes: Partial<Moment> = {}): Moment {
  return {
    elapsedMs: 65_000,
    phase: 'network',
    phaseLeftMs: 20_000,
    leftMs: 80_000,
    agents: { waiting: 2, connected: 17, gone: 1 },
    promised: 2500,
    delivered: 2480,
    duplicates: 3,
    outstanding: 20,
    faults: [],
    ...changes,
  };
}

function fault(changes: Partial<FaultUnderWay> = {}): FaultUnderWay {
  return { id: 1, kind: 'latency', description: 'latency 300 ms', agents: 10, leftMs: 7200, ...changes };
}

function withoutTimes({ phaseLeftMs: _, leftMs: __, ...moment }: Moment): Moment {
  return moment;
}

function withoutColours(line: string): string {
  return line.replaceAll(colour, '');
}

describe('the picture of a run', () => {
  it('says where it is, how the agents are and what becomes of messages', () => {
    assert.deepEqual(momentLines(moment(), rates, wide), [
      '1:05  network, 0:20 left of it, 1:20 of all',
      'agents  17 connected, 2 waiting, 1 gone',
      'msgs    2,480 of 2,500 delivered, 20 in flight, 39/s of 40/s, 3 again',
    ]);
  });

  it('says nothing of a time that nobody knows', () => {
    assert.equal(momentLines(withoutTimes(moment({ phase: 'calm' })), rates, wide)[0], '1:05  calm');
  });

  it('has what is wrong, with the time until it is put right', () => {
    const faults = [
      fault(),
      fault({ id: 2, kind: 'kill', agents: 1, leftMs: 0, description: 'SIGKILL for 1 process' }),
    ];
    assert.deepEqual(momentLines(moment({ faults }), rates, wide).slice(3), [
      'fault   latency, 10 agents, 0:08 left: latency 300 ms',
      'fault   kill, 1 agent, being put right: SIGKILL for 1 process',
    ]);
  });

  it('does not grow with what is wrong', () => {
    const faults = Array.from({ length: 9 }, (_, id) => fault({ id }));
    const lines = momentLines(moment({ faults }), rates, wide);
    assert.equal(lines.length, 8);
    assert.equal(lines.at(-1), '        and 5 more');
  });

  it('never fills a line of a narrow terminal, colours or not', () => {
    const look = { columns: 30, isColoured: true };
    for (const line of momentLines(moment({ faults: [fault()] }), rates, look)) {
      const seen = withoutColours(line);
      assert.ok(seen.length < 30, seen);
      assert.equal(line.split(colour).length, 2 * line.split(`${escape}[0m`).length - 1, 'each colour ends');
    }
  });

  it('has no colours unless they are wanted, and lets no name steer the terminal', () => {
    const faults = [fault({ kind: '\u001B[2J', description: 'a\nb' })];
    for (const line of momentLines(moment({ phase: '\u0007', faults }), rates, wide))
      assert.doesNotMatch(line, /\p{Cc}/u);
  });
});

describe('the rates of a run', () => {
  it('are those since the moment before, and none at first', () => {
    const before = moment({ elapsedMs: 63_000, promised: 2400, delivered: 2400 });
    assert.deepEqual(ratesBetween(before, moment()), { promised: 50, delivered: 40 });
    assert.deepEqual(ratesBetween(undefined, moment()), { promised: 0, delivered: 0 });
  });
});
