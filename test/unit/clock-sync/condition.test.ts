import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judge, toleratedOffsetMs } from '../../../src/clock-sync/condition.ts';
import { describeOffset } from '../../../src/lib/span.ts';
import type { Evidence } from '../../../src/clock-sync/condition.ts';
import type { SyncReport } from '../../../src/clock-sync/sync-probe.ts';

const now = new Date('2026-06-01T12:00:00Z');
const earlier = new Date('2026-05-01T00:00:00Z');
const later = new Date('2026-07-01T00:00:00Z');
const hourMs = 3_600_000;

const yes: SyncReport = { answer: 'synchronised', source: 'by the kernel' };
const no: SyncReport = { answer: 'unsynchronised', source: 'by the kernel' };
const unknown: SyncReport = { answer: 'unknown', source: 'cannot run timedatectl' };
const written = (writtenAt: Date) => ({ path: '/etc/dps-agent/config.yaml', writtenAt });

describe('judging a clock', () => {
  const cases: readonly [string, Omit<Evidence, 'now'>, string, RegExp][] = [
    ['synchronised', { sync: yes }, 'good', /^it is synchronised, by the kernel$/],
    ['not synchronised', { sync: no }, 'suspect', /^it is not synchronised, by the kernel$/],
    ['nobody to ask', { sync: unknown }, 'unknown', /nobody can say .*: cannot run timedatectl/],
    [
      'before the build',
      { sync: unknown, builtAt: later },
      'suspect',
      /says 2026-06-01T12.* built on 2026-07/,
    ],
    ['before the build, synchronised', { sync: yes, builtAt: later }, 'suspect', /built on/],
    ['after the build', { sync: unknown, builtAt: earlier }, 'unknown', /nobody/],
    [
      'before a file',
      { sync: unknown, newest: written(later) },
      'suspect',
      /config\.yaml was written on 2026-07/,
    ],
    [
      'before a file, synchronised: the file is wrong',
      { sync: yes, newest: written(later) },
      'good',
      /synch/,
    ],
    [
      'before a file, measured: the file is wrong',
      { sync: no, newest: written(later), offsetMs: 0 },
      'good',
      /agrees/,
    ],
    ['after a file', { sync: unknown, newest: written(earlier) }, 'unknown', /nobody/],
    [
      'measured right',
      { sync: no, offsetMs: -2000 },
      'good',
      /agrees with the date that DPS’s host gives to 2 s/,
    ],
    ['measured right, just', { sync: no, offsetMs: toleratedOffsetMs }, 'good', /60 s/],
    ['measured behind', { sync: no, offsetMs: 3 * hourMs }, 'suspect', /it is 3 h behind by the date/],
    ['measured ahead', { sync: unknown, offsetMs: -72 * hourMs }, 'suspect', /it is 3 d ahead/],
    [
      'measured wrong, synchronised to something else',
      { sync: yes, offsetMs: hourMs },
      'suspect',
      /60 min behind/,
    ],
  ];
  for (const [name, evidence, state, reason] of cases) {
    it(`${name}: ${state}`, () => {
      const verdict = judge({ now, ...evidence });
      assert.equal(verdict.state, state);
      assert.match(verdict.reason, reason);
    });
  }

  it('tells an offset in a person’s units', () => {
    const told = [1400, -90_000, 5_400_000, -36 * hourMs, 20_000 * 24 * hourMs].map(describeOffset);
    assert.deepEqual(told, ['1 s behind', '90 s ahead', '90 min behind', '36 h ahead', '20000 d behind']);
  });
});
