import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { allConnected } from '../../../../src/soak/judge/all-connected.ts';
import { reconnects } from '../../../../src/soak/judge/reconnects.ts';
import { recoveries, recoveryLongest, recoveryMedian } from '../../../../src/soak/judge/recovery.ts';
import { refusing } from '../../../../src/soak/judge/refusing.ts';
import { registrations } from '../../../../src/soak/judge/registrations.ts';
import { attemptsAllowed, retryStorm } from '../../../../src/soak/judge/retry-storm.ts';
import { stuck } from '../../../../src/soak/judge/stuck.ts';
import { twinConvergence } from '../../../../src/soak/judge/twin-convergence.ts';
import type { Evidence, FaultRecord, SessionRecord, StateChange } from '../../../../src/soak/evidence.ts';
import { connectedFrom, evidence, fault, limits, offline } from '../../../fakes/evidence.ts';

function afterStart(...changes: StateChange[]): Evidence['states'] {
  return [...connectedFrom('one', 1000), ...connectedFrom('two', 1000), ...changes];
}

describe('recovery', () => {
  const recovered = (faults: FaultRecord[], ...changes: StateChange[]): number[] =>
    recoveries(evidence({ faults, states: afterStart(...changes) }), limits).map(({ tookMs }) => tookMs);

  it('is from the end of a fault until the agent is connected', () => {
    assert.deepEqual(recovered([fault()], ...offline('one', 100_500, 135_000)), [5000]);
  });

  it('counts who notices a connection that was cut when that is over already', () => {
    const cut = fault({ kind: 'cut', startMs: 100_000, endMs: 100_002 });
    assert.deepEqual(recovered([cut], ...offline('one', 100_050, 103_002)), [3000]);
    assert.deepEqual(recovered([cut], ...offline('one', 105_000, 108_000)), []);
  });

  it('does not count agents that were not struck, stayed connected, or were back before the end', () => {
    assert.deepEqual(recovered([fault()], ...offline('two', 100_500, 135_000)), []);
    assert.deepEqual(recovered([fault()]), []);
    assert.deepEqual(recovered([fault()], ...offline('one', 100_500, 110_000)), []);
  });

  it('is counted from the last one’s end where faults overlap', () => {
    const faults = [fault(), fault({ id: 2, startMs: 120_000, endMs: 150_000 })];
    assert.deepEqual(recovered(faults, ...offline('one', 100_500, 157_000)), [7000]);
  });

  it('leaves out what the next fault cut short, unless it took too long already', () => {
    const next = (startMs: number): FaultRecord => fault({ id: 2, startMs, endMs: startMs + 10_000 });
    assert.deepEqual(recovered([fault(), next(140_000)], ...offline('one', 100_500, 151_000)), [1000]);
    assert.deepEqual(
      recovered([fault(), next(230_000)], ...offline('one', 100_500, 241_000)),
      [100_000, 1000],
    );
  });

  it('is never, for an agent that is not back at the end', () => {
    assert.deepEqual(recovered([fault()], ...offline('one', 100_500)), [470_000]);
  });

  it('has no use for a fault that could not be made', () => {
    const faults = [fault({ unavailable: 'needs root' })];
    assert.deepEqual(recovered(faults, ...offline('one', 100_500, 135_000)), []);
  });

  it('holds within its limits, and is broken beyond them', () => {
    const slow = evidence({ faults: [fault()], states: afterStart(...offline('one', 100_500, 155_000)) });
    assert.equal(recoveryMedian(slow, limits).outcome, 'broken');
    assert.match(recoveryMedian(slow, limits).detail, /one 25.0 s after hub-gone/);
    assert.equal(recoveryLongest(slow, limits).outcome, 'held');
    assert.equal(recoveryMedian(evidence(), limits).outcome, 'not-judged');
  });
});

describe('stuck', () => {
  it('holds for a fleet that is connected', () => {
    assert.equal(stuck(evidence(), limits).outcome, 'held');
  });

  it('is broken by an agent that waits for ever, and says why it waits', () => {
    const finding = stuck(evidence({ states: afterStart(...offline('one', 200_000)) }), limits);
    assert.deepEqual([finding.outcome, finding.value], ['broken', 400_000]);
    assert.match(finding.detail, /one for 400.0 s from 200.0 s, at last waiting \(HUB-UNREACHABLE\)/);
  });

  it('is not fooled by waiting and connecting in turn', () => {
    const turns = Array.from({ length: 300 }, (_, second) => ({
      agent: 'one',
      atMs: 200_000 + second * 1000,
      state: second % 2 === 0 ? 'waiting' : 'connecting',
    }));
    assert.equal(stuck(evidence({ states: afterStart(...turns) }), limits).outcome, 'broken');
  });

  it('is broken by an agent that nothing was ever heard of', () => {
    const states = connectedFrom('one', 1000);
    assert.match(stuck(evidence({ states }), limits).detail, /two for 600.0 s from 0.0 s, at last unseen/);
  });

  it('is not what comes after the last phase', () => {
    const run = { ...evidence().run, durationMs: 900_000 };
    const states = afterStart({ agent: 'one', atMs: 601_000, state: 'gone' });
    assert.equal(stuck(evidence({ run, states }), limits).outcome, 'held');
  });

  it('holds while a fault explains it', () => {
    const faults = [fault({ startMs: 200_000, endMs: 550_000 })];
    const states = afterStart(...offline('one', 200_000, 560_000));
    assert.equal(stuck(evidence({ faults, states }), limits).outcome, 'held');
  });

  it('cannot be told of a run that is shorter', () => {
    assert.equal(stuck(evidence({}, 100_000), limits).outcome, 'not-judged');
  });
});

describe('a retry storm', () => {
  it('is none when attempts are few', () => {
    assert.equal(retryStorm(evidence(), limits).outcome, 'held');
  });

  it('is seen by the CONNECTs that came', () => {
    const attempts = [{ agent: 'two', total: 900, mostInMinute: 300, atMs: 90_000 }];
    const finding = retryStorm(evidence({ attempts }), limits);
    assert.deepEqual([finding.outcome, finding.value], ['broken', 300]);
    assert.match(finding.detail, /two 300 in the minute that ended at 90.0 s/);
  });

  it('is seen by what the agent says, when nothing gets through', () => {
    const turns = Array.from({ length: 200 }, (_, turn) => ({
      agent: 'one',
      atMs: 100_000 + turn * 100,
      state: turn % 2 === 0 ? 'connecting' : 'waiting',
    }));
    assert.equal(retryStorm(evidence({ states: afterStart(...turns) }), limits).value, 100);
    assert.equal(retryStorm(evidence({ states: afterStart(...turns) }), limits).outcome, 'broken');
  });

  it('is what the policy does not lead to', () => {
    assert.equal(attemptsAllowed({ initialMs: 1000, maximumMs: 60_000 }), 22);
    assert.ok(attemptsAllowed({ initialMs: 100, maximumMs: 1000 }) > 200);
    const attempts = [{ agent: 'two', total: 60, mostInMinute: 60, atMs: 90_000 }];
    const quick = { ...limits, attemptsPerAgentMinute: 100 };
    assert.equal(retryStorm(evidence({ attempts }), quick).outcome, 'held');
  });
});

describe('reconnects', () => {
  const sessions: SessionRecord[] = [
    { agent: 'one', hub: 'hub', startMs: 1000, endMs: 110_000, reason: 'reset' },
    { agent: 'one', hub: 'hub', startMs: 133_000 },
  ];
  const every20Seconds = Array.from({ length: 20 }, (_, turn) => ({
    agent: 'one',
    hub: 'hub',
    startMs: 1000 + turn * 20_000,
    endMs: 20_000 + turn * 20_000,
    reason: 'keep-alive timeout',
  }));

  it('hold when a fault explains them', () => {
    const finding = reconnects(evidence({ sessions, faults: [fault()] }), limits);
    assert.deepEqual([finding.outcome, finding.value], ['held', 0]);
  });

  it('count where the fault struck another', () => {
    assert.equal(reconnects(evidence({ sessions, faults: [fault({ agents: ['two'] })] }), limits).value, 1);
  });

  it('are broken by an agent that loses its connection again and again', () => {
    const finding = reconnects(evidence({ sessions: every20Seconds }), limits);
    assert.deepEqual([finding.outcome, finding.value], ['broken', 19]);
    assert.match(finding.detail, /one at 21.0 s, after "keep-alive timeout"/);
  });
});

describe('registrations', () => {
  it('hold when they are spread, and are broken by the same number at once', () => {
    const atDps = (everyMs: number): Evidence['registrations'] =>
      Array.from({ length: 150 }, (_, index) => ({ agent: 'one', atMs: index * everyMs }));
    assert.equal(registrations(evidence({ registrations: atDps(1000) }), limits).value, 60);
    const crowd = registrations(evidence({ registrations: atDps(10) }), limits);
    assert.deepEqual([crowd.outcome, crowd.value], ['broken', 150]);
  });

  it('cannot be judged at Azure, where nobody counts them', () => {
    const { run } = evidence();
    const atAzure = evidence({ run: { ...run, target: 'azure' }, registrations: [] });
    assert.equal(registrations(atAzure, limits).outcome, 'not-judged');
  });
});

describe('the end', () => {
  it('has everybody connected', () => {
    const states = afterStart(...offline('one', 400_000, 599_000), {
      agent: 'two',
      atMs: 601_000,
      state: 'stopped',
    });
    assert.equal(allConnected(evidence({ states }), limits).outcome, 'held');
  });

  it('names who is not', () => {
    const states = afterStart({ agent: 'two', atMs: 590_000, state: 'waiting', code: 'NET-REFUSED' });
    const finding = allConnected(evidence({ states }), limits);
    assert.deepEqual([finding.outcome, finding.value], ['broken', 1]);
    assert.equal(finding.detail, 'two waiting (NET-REFUSED) since 590.0 s');
  });

  it('does not believe an agent whose hub has no session of it', () => {
    const session = { hub: 'hub', startMs: 1000 };
    const ended = (endMs: number): Evidence['sessions'] => [
      { ...session, agent: 'one' },
      { ...session, agent: 'two', endMs },
    ];
    const finding = allConnected(evidence({ sessions: ended(590_000) }), limits);
    assert.deepEqual([finding.outcome, finding.value], ['broken', 1]);
    assert.equal(finding.detail, 'two says that it is, and its hub does not know of it');
    assert.equal(allConnected(evidence({ sessions: ended(599_000) }), limits).outcome, 'held');
  });
});

describe('the twin', () => {
  const change = { agent: 'one', version: 2, atMs: 50_000 };

  it('converges when it is acknowledged soon', () => {
    const twins = [{ ...change, acknowledgedMs: 51_000 }];
    const finding = twinConvergence(evidence({ twins }), limits);
    assert.deepEqual([finding.outcome, finding.value], ['held', 1000]);
  });

  it('has until the agent is connected, and no fault strikes it', () => {
    const twins = [{ ...change, atMs: 90_000, acknowledgedMs: 137_000 }];
    const states = afterStart(...offline('one', 100_500, 135_000));
    assert.equal(twinConvergence(evidence({ twins, states, faults: [fault()] }), limits).value, 2000);
  });

  it('is broken when it is acknowledged late, or never', () => {
    const late = [{ ...change, acknowledgedMs: 80_000 }];
    assert.equal(twinConvergence(evidence({ twins: late }), limits).outcome, 'broken');
    const never = twinConvergence(evidence({ twins: [change] }), limits);
    assert.equal(never.outcome, 'broken');
    assert.match(never.detail, /one version 2 of 50.0 s: never, for 550.0 s/);
  });

  it('is broken by sessions that are each too short to tell, and in none of which it is acknowledged', () => {
    const breaks = [70, 90, 110, 130, 150].flatMap((s) => offline('one', s * 1000, s * 1000 + 1000));
    const run = { ...evidence().run, durationMs: 165_000 };
    const phases = [{ name: 'all', startMs: 0, endMs: 165_000 }];
    const never = twinConvergence(
      evidence({ run, phases, states: afterStart(...breaks), twins: [change] }),
      limits,
    );
    assert.deepEqual([never.outcome, never.value], ['broken', 110_000]);
  });

  it('is not excused by everybody being stopped at the end', () => {
    const run = { ...evidence().run, durationMs: 605_000 };
    const states = afterStart({ agent: 'one', atMs: 601_000, state: 'stopped' });
    assert.equal(twinConvergence(evidence({ run, states, twins: [change] }), limits).outcome, 'broken');
  });

  it('is not judged by what was asked for just before the end', () => {
    const twins = [{ ...change, atMs: 595_000 }];
    assert.equal(twinConvergence(evidence({ twins }), limits).outcome, 'not-judged');
  });
});

describe('what is posted', () => {
  const refused = (fromMs: number, toMs: number): NonNullable<Evidence['refusals']> => [
    { agent: 'one', fromMs, toMs, status: '503' },
  ];

  it('may be refused while something is wrong, and for as long as it takes after that', () => {
    const finding = refusing(evidence({ refusals: refused(100_000, 250_000), faults: [fault()] }), limits);
    assert.equal(finding.outcome, 'held');
    assert.equal(finding.value, 120_000);
  });

  it('may not be refused for ever, though nothing that was promised is missing', () => {
    const finding = refusing(evidence({ refusals: refused(100_000, 550_000), faults: [fault()] }), limits);
    assert.equal(finding.outcome, 'broken');
    assert.match(finding.detail, /^one for 420.0 s from 130.0 s, at last with 503$/);
  });

  it('is not judged by evidence of a time when nobody looked, nor where the soak itself refuses', () => {
    const { refusals, ...older } = evidence();
    assert.deepEqual(refusals, []);
    assert.equal(refusing(older, limits).outcome, 'not-judged');
    const azure = { ...evidence().run, target: 'azure' as const };
    assert.equal(refusing(evidence({ run: azure }), limits).outcome, 'not-judged');
  });
});
