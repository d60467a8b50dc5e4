import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../../../../src/lib/seeded-random.ts';
import { faultsAsPlanned } from '../../../../src/soak/judge/faults-as-planned.ts';
import { secrets, unhandled } from '../../../../src/soak/judge/log-findings.ts';
import { descriptorsFlat, socketsFlat, timersFlat } from '../../../../src/soak/judge/flat.ts';
import { memorySlope, memoryWorst } from '../../../../src/soak/judge/memory.ts';
import type { Finding } from '../../../../src/soak/judge/verdict.ts';
import { evidence, fault, limits, samples } from '../../../fakes/evidence.ts';

const megabyte = 1024 * 1024;
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** Resident memory as V8 makes it: it settles within a minute, and the collector draws a sawtooth into it. */
function cleanMemory(seed: number): (atMs: number) => number {
  const random = seededRandom(seed);
  const [saw, period, warm] = [5 + 15 * random(), 10_000 + 60_000 * random(), 10 + 20 * random()];
  return (atMs) =>
    (70 + warm * (1 - Math.exp(-atMs / 30_000)) + saw * ((atMs % period) / period) + 2 * random()) * megabyte;
}

interface Run {
  readonly durationMs: number;
  readonly units?: number;
  /** Bytes an hour, of the first so many units. */
  readonly leak?: number;
  readonly leaking?: number;
}

function memoryOf({ durationMs, units = 5, leak = 0, leaking = units }: Run, seed = 0): Finding[] {
  const processes = Array.from({ length: units }, (_, unit) => {
    const clean = cleanMemory(seed * 100 + unit);
    const ownLeak = unit < leaking ? leak : 0;
    const rss = (atMs: number): number => clean(atMs) + (ownLeak * atMs) / hourMs;
    return samples(`unit-${unit}`, durationMs, (atMs) => ({ rssBytes: rss(atMs) }), durationMs / 300);
  }).flat();
  return [memorySlope, memoryWorst].map((invariant) => invariant(evidence({ processes }), limits));
}

const outcomes = (findings: readonly Finding[]): string[] => findings.map(({ outcome }) => outcome);

describe('memory', () => {
  it('holds for processes that warm up and collect garbage, however long the run', () => {
    for (const durationMs of [2 * minuteMs, 10 * minuteMs, hourMs, 60 * hourMs]) {
      for (let seed = 1; seed <= 10; seed += 1) {
        const findings = memoryOf({ durationMs }, seed);
        assert.deepEqual(
          outcomes(findings),
          ['held', 'held'],
          `${durationMs} ms, seed ${seed}: ${findings[0]?.detail ?? ''}`,
        );
      }
    }
  });

  it('holds when a process grows once and stays there', () => {
    const once = (atMs: number): { rssBytes: number } => ({
      rssBytes: (80 + (atMs > 20 * minuteMs ? 25 : 0)) * megabyte,
    });
    const processes = samples('one', hourMs, once, 10_000);
    assert.equal(memorySlope(evidence({ processes }), limits).outcome, 'held');
  });

  it('is broken within two minutes by half a megabyte a second', () => {
    const findings = memoryOf({ durationMs: 2 * minuteMs, leak: 1800 * megabyte });
    assert.deepEqual(outcomes(findings), ['broken', 'broken']);
    assert.match(findings[0]?.detail ?? '', /fastest: unit-\d .* MB an hour/);
  });

  it('is broken within a weekend by three megabytes an hour', () => {
    const findings = memoryOf({ durationMs: 60 * hourMs, leak: 3 * megabyte });
    assert.deepEqual(outcomes(findings), ['broken', 'broken']);
  });

  it('is broken by a single process of many', () => {
    const findings = memoryOf({ durationMs: 10 * minuteMs, leak: 3600 * megabyte, leaking: 1 });
    assert.deepEqual(outcomes(findings), ['held', 'broken']);
  });

  it('is told for one agent, where many share a process', () => {
    const grows = (atMs: number): object => ({
      agents: 100,
      rssBytes: 1e9 + (200 * megabyte * atMs) / hourMs,
    });
    const processes = samples('crew', 10 * hourMs, grows, minuteMs);
    const finding = memorySlope(evidence({ processes }), limits);
    assert.ok(Math.abs(finding.value - 2 * megabyte) < 1000, String(finding.value));
    assert.equal(finding.outcome, 'broken');
  });

  it('cannot be told of lives that are short: a process started anew is compared with itself', () => {
    const lives = [1, 2, 3].flatMap((life) =>
      samples('one', 30_000, (atMs) => ({ life, rssBytes: (50 + atMs) * megabyte })),
    );
    const finding = memorySlope(evidence({ processes: lives }), limits);
    assert.equal(finding.outcome, 'not-judged');
    assert.match(finding.detail, /55.0 s/);
  });
});

describe('descriptors, sockets and timers', () => {
  const flats = [descriptorsFlat, socketsFlat, timersFlat];

  it('hold when they are flat, with a moment of more now and then', () => {
    const busy = (atMs: number): object =>
      atMs % 60_000 < 5000 ? { descriptors: 60, sockets: 30, timers: 50 } : {};
    const processes = samples('one', 10 * minuteMs, busy);
    assert.deepEqual(outcomes(flats.map((invariant) => invariant(evidence({ processes }), limits))), [
      'held',
      'held',
      'held',
    ]);
  });

  it('are broken by one more every half a minute', () => {
    const more = (atMs: number): object => {
      const leaked = Math.floor(atMs / 30_000);
      return { descriptors: 25 + leaked, sockets: 3 + leaked, timers: 6 + leaked };
    };
    const processes = samples('one', 10 * minuteMs, more);
    const findings = flats.map((invariant) => invariant(evidence({ processes }), limits));
    assert.deepEqual(outcomes(findings), ['broken', 'broken', 'broken']);
    assert.match(findings[0]?.detail ?? '', /one from \d+(\.\d+)? to \d+/);
  });

  it('are judged of a process that could not be asked now and then', () => {
    const processes = samples('one', 10 * minuteMs, (atMs) => ({ timers: Math.floor(atMs / 30_000) })).map(
      ({ timers = 0, ...sample }, index) => (index % 7 === 0 ? sample : { ...sample, timers }),
    );
    assert.equal(timersFlat(evidence({ processes }), limits).outcome, 'broken');
  });

  it('are not judged where nobody could be asked', () => {
    const processes = samples('one', 10 * minuteMs).map(({ timers: _, ...sample }) => sample);
    assert.equal(timersFlat(evidence({ processes }), limits).outcome, 'not-judged');
    assert.equal(descriptorsFlat(evidence({ processes: [] }), limits).outcome, 'not-judged');
  });
});

describe('logs and ends', () => {
  it('hold when nothing was found, and processes ended as they should', () => {
    const ends = [{ unit: 'one', atMs: 1, code: null, signal: 'SIGKILL', wanted: true }];
    assert.equal(unhandled(evidence({ ends }), limits).outcome, 'held');
    assert.equal(secrets(evidence({ ends }), limits).outcome, 'held');
  });

  it('are broken by an error without an owner, and by a process that ended by itself', () => {
    const findings = [{ kind: 'unhandled-error', agent: 'one', atMs: 5000, line: 'TypeError: x' }] as const;
    const ends = [{ unit: 'two', atMs: 9000, code: 1, signal: null, wanted: false }];
    const finding = unhandled(evidence({ findings, ends }), limits);
    assert.deepEqual([finding.outcome, finding.value], ['broken', 2]);
    assert.match(
      finding.detail,
      /two ended at 9.0 s with status 1, unhandled-error of one at 5.0 s: TypeError/,
    );
  });

  it('are broken by one that was told to end in order and had to be killed, or failed', () => {
    const asked = 'SIGTERM';
    const ends = [
      { unit: 'killed', atMs: 9000, code: null, signal: 'SIGKILL', wanted: true, asked },
      { unit: 'failed', atMs: 9500, code: 1, signal: null, wanted: true, asked },
      { unit: 'in order', atMs: 9600, code: 0, signal: null, wanted: true, asked },
      { unit: 'hardly started', atMs: 9700, code: null, signal: 'SIGTERM', wanted: true, asked },
    ] as const;
    const finding = unhandled(evidence({ ends }), limits);
    assert.equal(finding.outcome, 'broken');
    assert.equal(
      finding.detail,
      'killed was told to end, and did at 9.0 s with SIGKILL, failed was told to end, and did at 9.5 s with status 1',
    );
  });

  it('are broken by a secret', () => {
    const findings = [{ kind: 'secret', agent: 'one', atMs: 5000, line: 'key [secret]' }] as const;
    assert.equal(secrets(evidence({ findings }), limits).outcome, 'broken');
    assert.equal(unhandled(evidence({ findings }), limits).outcome, 'held');
  });
});

describe('faults', () => {
  it('are as planned when each was made and put right, or cannot be had here', () => {
    const faults = [fault(), fault({ id: 2, kind: 'disk-full', unavailable: 'needs root' })];
    const finding = faultsAsPlanned(evidence({ faults }), limits);
    assert.equal(finding.outcome, 'held');
    assert.match(finding.detail, /2 faults, kinds made: 1; not to be had here: disk-full \(needs root\)/);
  });

  it('are not when one went wrong', () => {
    const finding = faultsAsPlanned(evidence({ faults: [fault({ failed: 'EADDRINUSE' })] }), limits);
    assert.equal(finding.outcome, 'broken');
    assert.match(finding.detail, /hub-gone at 100.0 s: EADDRINUSE/);
  });
});
