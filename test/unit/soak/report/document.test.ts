import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { figuresOf } from '../../../../src/soak/figures.ts';
import { judge } from '../../../../src/soak/judge/judge.ts';
import type { Evidence, FaultRecord } from '../../../../src/soak/evidence.ts';
import { reportDocument } from '../../../../src/soak/report/document.ts';
import { faultEffects, kindEffects } from '../../../../src/soak/report/fault-effects.ts';
import { commandOf } from '../../../../src/soak/report/run-section.ts';
import {
  connectedFrom,
  evidence,
  fault,
  ledgerEntry,
  limits,
  offline,
  samples,
} from '../../../fakes/evidence.ts';

const library = { script: '/* uPlot */', style: '', license: 'MIT' };

function reportOf(seen: Evidence): string {
  return reportDocument({ evidence: seen, verdict: judge(seen, limits), limits, library });
}

describe('the report of a soak', () => {
  it('says what came of it, and what is broken before what held', () => {
    const held = reportOf(evidence());
    assert.match(held, /<title>Soak made up: held<\/title>/);
    const broken = reportOf(evidence({ ledger: { one: ledgerEntry({ missing: 7, firstMissing: [3, 4] }) } }));
    assert.match(broken, /<title>Soak made up: broken<\/title>/);
    assert.match(broken, /<p class="note">1 broken, /);
    const first = broken.slice(broken.indexOf('<ul class="invariants">')).split('</li>')[0] ?? '';
    assert.match(
      first,
      /id="delivered-or-counted".*>broken<.*one 7 \(numbers 3 4\).*<strong>7<\/strong> of at most 0 messages/s,
    );
  });

  it('takes names and lines of logs for data', () => {
    const evil = '</script><script>alert(1)</script><img src=x onerror=alert(1)>';
    const text = reportOf(
      evidence({
        run: { ...evidence().run, scenario: evil, description: evil, machine: evil },
        phases: [{ name: evil, startMs: 0, endMs: 1000 }],
        faults: [fault({ kind: evil, description: evil, phase: evil, agents: [evil], failed: evil })],
        states: connectedFrom(evil, 1000).map((change) => ({ ...change, state: evil })),
        findings: [{ kind: 'fatal', agent: evil, atMs: 1, line: evil }],
        ends: [{ unit: evil, atMs: 1, code: 1, signal: null, wanted: false }],
        ledger: { [evil]: ledgerEntry({ missing: 1, contradictions: [evil] }) },
        omitted: { [evil]: 1 },
      }),
    );
    assert.equal(text.split('<img').length, 1, 'no element of theirs');
    assert.equal(text.split('<script').length, 3, 'the data and the script, and none of theirs');
    assert.equal(text.split('</script>').length, 3);
  });

  it('allows itself its own script and nothing from outside', () => {
    const text = reportOf(evidence());
    assert.ok(text.includes('content="default-src &#39;none&#39;; '));
    assert.match(text, /script-src &#39;sha256-[A-Za-z0-9+/]+=&#39;; img-src data:;/);
    assert.doesNotMatch(text, /(src|href)="(?!data:)/);
  });

  it('stays small after a weekend of 200 agents, and says what it leaves out', () => {
    const text = reportOf(weekend());
    assert.ok(text.length < 2_000_000, `${text.length} characters`);
    assert.match(text, /3,000 of them are not marked/);
    assert.match(text, /and 5,500 more, in evidence.json/);
    assert.match(text, /The 50 of 200 with most trouble/);
  });

  it('says how to have the run again', () => {
    const { run } = evidence();
    const phases = [
      { name: 'start', startMs: 0, endMs: 9000 },
      { name: 'steady', startMs: 9000, endMs: 69_000 },
      { name: 'calm', startMs: 69_000, endMs: 80_000 },
    ];
    const again = 'dps-agent-soak run --scenario ./scenario.yaml --agents 2 --duration 60s --seed 1';
    assert.equal(commandOf(run, phases), again);
    assert.equal(commandOf({ ...run, host: 'in-process' }, phases), `${again} --in-process`);
  });
});

describe('what a fault did', () => {
  const states = [
    ...connectedFrom('one', 1000),
    ...connectedFrom('two', 1000),
    ...offline('one', 101_000, 134_000),
  ];
  const seen = evidence({
    states,
    faults: [
      fault({ agents: ['one', 'two'] }),
      fault({ id: 2, kind: 'disk-full', startMs: 200_000, endMs: 210_000, unavailable: 'no disk' }),
    ],
  });

  it('is who lost the connection, and how long it took to have one again', () => {
    assert.deepEqual(
      faultEffects(seen, limits).map(({ fault: { kind }, offline: lost, recovery }) => [
        kind,
        lost,
        recovery?.maxMs,
      ]),
      [
        ['hub-gone', 1, 4000],
        ['disk-full', 0, undefined],
      ],
    );
  });

  it('is told by kind, the slowest to recover first', () => {
    assert.deepEqual(
      kindEffects(seen, limits).map(({ kind, made, unavailable, recoveries }) => [
        kind,
        made,
        unavailable,
        recoveries,
      ]),
      [
        ['hub-gone', 1, 0, 1],
        ['disk-full', 0, 1, 0],
      ],
    );
  });

  it('is in the figures of the run', () => {
    const figures = figuresOf({ ...seen, processes: samples('one', 10_000) }, limits);
    assert.deepEqual(
      [figures.faults, figures.kindsOfFault, figures.recovery?.p50Ms, figures.delivered],
      [1, 1, 4000, 200],
    );
    assert.equal(figures.memoryBytesPerAgent, 80 * 1024 * 1024);
    assert.equal(figures.cpuMsPerMessage, 9 / 200);
    assert.equal(figuresOf(evidence(), limits).cpuMsPerMessage, undefined);
  });
});

/** As much as the soak keeps at the most (docs/soak.md). */
function weekend(): Evidence {
  const durationMs = 60 * 3_600_000;
  const agents = Array.from({ length: 200 }, (_, index) => `weekend-${String(index + 1).padStart(4, '0')}`);
  const faults = Array.from({ length: 6000 }, (_, index): FaultRecord => ({
    ...fault({ id: index, kind: `kind-${index % 16}`, agents: agents.slice(0, 20) }),
    startMs: index * 36_000,
    endMs: index * 36_000 + 10_000,
  }));
  return evidence(
    {
      run: { ...evidence().run, agents: 200, durationMs },
      faults,
      phases: [{ name: 'all', startMs: 0, endMs: durationMs }],
      states: agents.flatMap((agent) => [
        ...connectedFrom(agent, 1000),
        ...Array.from({ length: 60 }, (_, index) =>
          offline(agent, index * 3_600_000 + 2000, index * 3_600_000 + 9000),
        ).flat(),
      ]),
      processes: samples('crew', durationMs, () => ({ agents: 100 }), 360_000),
      ledger: Object.fromEntries(agents.map((agent) => [agent, ledgerEntry()])),
      deliveries: {
        stepMs: 128_000,
        promised: Array.from({ length: 1688 }, () => 12_345),
        delivered: Array.from({ length: 1688 }, () => 12_345),
        duplicates: Array.from({ length: 1688 }, () => 12),
      },
      findings: Array.from({ length: 1000 }, () => ({
        kind: 'fatal',
        agent: 'a',
        atMs: 1,
        line: 'x'.repeat(500),
      })),
    },
    durationMs,
  );
}
