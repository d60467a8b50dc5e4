import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FaultEngine } from '../../../../src/soak/faults/engine.ts';
import type { FaultKind, Strike } from '../../../../src/soak/faults/fault-kind.ts';
import { defineKind, held, noOptions } from '../../../../src/soak/faults/kind.ts';
import type { Occurrence } from '../../../../src/soak/scenario/schedule.ts';
import { battlefield, member } from '../../../fakes/battlefield.ts';
import { settle } from '../../../fakes/fake-clock.ts';

const field = () => battlefield([member('one'), member('two')]);

let nextId = 1;
function occurrence(kind: string, atMs: number, forMs: number, over: Partial<Occurrence> = {}): Occurrence {
  return { id: nextId++, kind, phase: 'storm', atMs, forMs, agents: ['one'], options: {}, ...over };
}

/** A kind that writes down when it begins and ends. */
function noted(name: string, notes: string[], over: Partial<Strike> = {}, sort = name): FaultKind {
  return defineKind({
    name,
    summary: name,
    timing: { exclusive: sort },
    options: noOptions,
    strike: (_options, members) => ({
      description: `${name} in words`,
      struck: members,
      run: async (signal) => {
        notes.push(`${name} begins`);
        await held(signal);
        notes.push(`${name} ends`);
      },
      ...over,
    }),
  });
}

function engineFor(kinds: readonly FaultKind[], occurrences: readonly Occurrence[], at = field()) {
  const engine = new FaultEngine({ occurrences, kinds, field: at, elapsed: () => at.clock.monotonic() });
  const stop = new AbortController();
  return { engine, stop, clock: at.clock, log: at.log, running: engine.run(stop.signal) };
}

describe('the fault engine', () => {
  it('makes each fault at its moment and for its time, and says so', async () => {
    const notes: string[] = [];
    const { engine, clock, running } = engineFor([noted('storm', notes)], [occurrence('storm', 100, 50)]);
    await clock.advance(99);
    assert.deepEqual(notes, []);
    await clock.advance(1);
    assert.deepEqual(notes, ['storm begins']);
    assert.deepEqual(
      engine.underWay.map(({ kind, agents }) => [kind, agents]),
      [['storm', ['one']]],
    );
    await clock.advance(50);
    await running;
    assert.deepEqual(notes, ['storm begins', 'storm ends']);
    assert.deepEqual(engine.underWay, []);
    const [record] = engine.records;
    assert.equal(record?.description, 'storm in words');
    assert.deepEqual(
      [record.startMs, record.endMs, record.agents, record.phase, record.unavailable, record.failed],
      [100, 150, ['one'], 'storm', undefined, undefined],
    );
  });

  it('lets different faults overlap', async () => {
    const notes: string[] = [];
    const kinds = [noted('rain', notes), noted('wind', notes)];
    const { clock, running } = engineFor(kinds, [occurrence('rain', 0, 100), occurrence('wind', 50, 100)]);
    await clock.advance(200);
    await running;
    assert.deepEqual(notes, ['rain begins', 'wind begins', 'rain ends', 'wind ends']);
  });

  it('lets one wait for another of its sort that takes longer than it was to', async () => {
    const notes: string[] = [];
    const at = field();
    const slow = noted(
      'slow',
      notes,
      {
        run: async () => {
          notes.push('slow begins');
          await at.clock.sleep(500, new AbortController().signal);
          notes.push('slow ends');
        },
      },
      'process',
    );
    const { engine, clock, running } = engineFor(
      [slow, noted('next', notes, {}, 'process')],
      [occurrence('slow', 0, 10), occurrence('next', 100, 10)],
      at,
    );
    await clock.advance(600);
    await running;
    assert.deepEqual(notes, ['slow begins', 'slow ends', 'next begins', 'next ends']);
    assert.deepEqual(
      engine.records.map(({ startMs }) => startMs),
      [0, 500],
    );
  });

  it('lets faults of different processes overlap, and those of one not', async () => {
    const notes: string[] = [];
    const at = field();
    const slow = noted(
      'slow',
      notes,
      {
        run: async () => {
          notes.push('slow begins');
          await at.clock.sleep(500, new AbortController().signal);
          notes.push('slow ends');
        },
      },
      'process',
    );
    const kinds = [slow, noted('same', notes, {}, 'process'), noted('other', notes, {}, 'process')];
    const { clock, running } = engineFor(
      kinds,
      [
        occurrence('slow', 0, 10),
        occurrence('same', 100, 10, { agents: ['one', 'two'] }),
        occurrence('other', 50, 10, { agents: ['two'] }),
      ].sort((one, other) => one.atMs - other.atMs),
      at,
    );
    await clock.advance(700);
    await running;
    assert.deepEqual(notes, [
      'slow begins',
      'other begins',
      'other ends',
      'slow ends',
      'same begins',
      'same ends',
    ]);
  });

  it('puts everything right when it is stopped, and begins nothing more', async () => {
    const notes: string[] = [];
    const kinds = [noted('storm', notes), noted('flood', notes)];
    const { stop, clock, running } = engineFor(kinds, [
      occurrence('storm', 0, 1_000_000),
      occurrence('flood', 500, 10),
    ]);
    await clock.advance(100);
    stop.abort(new Error('enough'));
    await running;
    assert.deepEqual(notes, ['storm begins', 'storm ends']);
  });

  it('records a fault that fails, and goes on with the others', async () => {
    const notes: string[] = [];
    const broken = noted('broken', notes, { run: () => Promise.reject(new Error('no such luck')) });
    const { engine, log, clock, running } = engineFor(
      [broken, noted('storm', notes)],
      [occurrence('broken', 0, 10), occurrence('storm', 20, 10)],
    );
    await clock.advance(100);
    await running;
    assert.match(engine.records[0]?.failed ?? '', /no such luck/);
    assert.equal(engine.records[1]?.failed, undefined);
    assert.ok(log.lines.some(({ level, message }) => level === 'error' && message === 'a fault failed'));
    assert.deepEqual(notes, ['storm begins', 'storm ends']);
  });

  it('records why a fault could not be made', async () => {
    const impossible: FaultKind = { ...noted('flood', []), unavailable: () => 'there is no water' };
    const { engine, clock, running } = engineFor(
      [impossible, noted('storm', [])],
      [occurrence('flood', 0, 10), occurrence('drought', 0, 10), occurrence('storm', 0, 10, { agents: [] })],
    );
    await clock.advance(100);
    await running;
    await settle();
    const reasons = Object.fromEntries(engine.records.map(({ kind, unavailable }) => [kind, unavailable]));
    assert.deepEqual(reasons, {
      flood: 'there is no water',
      drought: 'there is no such kind',
      storm: 'none of the agents it was meant for can be struck so',
    });
  });
});
