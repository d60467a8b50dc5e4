import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LogRing } from '../../../src/logging/log-ring.ts';

/** A line as pino writes it, so many seconds past ten. */
function line(seconds: number, level = 30, area?: string): string {
  const time = new Date(Date.UTC(2026, 10, 22, 10, 0, seconds)).toISOString();
  return `${JSON.stringify({ level, time, area, msg: `line ${seconds}` })}\n`;
}

function at(seconds: number): number {
  return Date.UTC(2026, 10, 22, 10, 0, seconds);
}

function messages(lines: Iterable<string>): string[] {
  return [...lines].map((text) => (JSON.parse(text) as { msg: string }).msg);
}

describe('LogRing', () => {
  it('gives the lines as they were logged, oldest first', () => {
    const ring = new LogRing(65_536);
    ring.push(line(1));
    ring.push(line(2));
    assert.deepEqual(ring.lines(), [line(1).trimEnd(), line(2).trimEnd()]);
    assert.deepEqual(messages(ring.newestFirst()), ['line 2', 'line 1']);
  });

  it('keeps to its bound, whatever comes, and counts what it lets go', () => {
    const ring = new LogRing(10_000);
    for (let index = 0; index < 5000; index += 1) {
      ring.push(`${JSON.stringify({ msg: 'ä'.repeat(index % 100) })}\n`);
      assert.ok(ring.bytes <= 10_000);
    }
    assert.equal(ring.dropped + ring.lines().length, 5000);
    assert.ok(ring.lines().length > 30);
    assert.equal(ring.lines().at(-1), JSON.stringify({ msg: 'ä'.repeat(99) }));
  });

  it('lets a line go that is larger than all the room there is', () => {
    const ring = new LogRing(1000);
    ring.push('x'.repeat(2000));
    assert.deepEqual([ring.lines(), ring.bytes, ring.dropped], [[], 0, 1]);
    ring.push(line(1));
    assert.equal(ring.lines().length, 1);
  });

  it('gives those since a moment and before another', () => {
    const ring = new LogRing(65_536);
    for (let second = 0; second < 10; second += 1) ring.push(line(second));
    assert.deepEqual(messages(ring.lines({ sinceMs: at(3), untilMs: at(5) })), ['line 3', 'line 4']);
  });

  it('gives those of a level and above, of an area, and of both', () => {
    const ring = new LogRing(65_536);
    ring.push(line(1, 20, 'twin'));
    ring.push(line(2, 40));
    ring.push(line(3, 50, 'twin'));
    assert.deepEqual(messages(ring.lines({ level: 'warn' })), ['line 2', 'line 3']);
    assert.deepEqual(messages(ring.lines({ area: 'twin' })), ['line 1', 'line 3']);
    assert.deepEqual(messages(ring.lines({ level: 'error', area: 'twin' })), ['line 3']);
    assert.deepEqual(messages(ring.lines({ level: 'debug' })).length, 3);
  });

  it('may be asked while it is written to', () => {
    const ring = new LogRing(200);
    ring.push(line(1));
    const lines = ring.newestFirst();
    lines.next();
    for (let second = 2; second < 10; second += 1) ring.push(line(second));
    assert.equal(lines.next().done, true);
  });
});
