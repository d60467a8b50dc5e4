import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { LogRing } from '../../../src/logging/log-ring.ts';
import { getLogs } from '../../../src/methods/get-logs.ts';
import { maxAnswerBytes } from '../../../src/methods/method-table.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';
import { TableOf } from './table.ts';

interface Line {
  readonly level: number;
  readonly time: string;
  readonly area?: string;
  readonly msg: string;
}

/** A line of the log, so many minutes past ten. */
function line(minutes: number, over: Partial<Line> = {}): Line {
  const time = new Date(Date.UTC(2026, 10, 22, 10, minutes)).toISOString();
  return { level: 30, time, msg: `line ${minutes}`, ...over };
}

function logOf(...lines: Line[]): { table: TableOf; ring: LogRing } {
  const ring = new LogRing(16 * 1024 * 1024);
  for (const each of lines) ring.push(`${JSON.stringify(each)}\n`);
  const clock = new FakeClock(new Date('2026-11-22T11:00:00Z'));
  return { table: new TableOf(getLogs(ring, clock)), ring };
}

async function texts(table: TableOf, request: object): Promise<string[]> {
  const { status, payload } = await table.answer('getLogs', request);
  assert.equal(status, 200);
  return (payload['lines'] as Line[]).map(({ msg }) => msg);
}

/** Some thousand lines that are not all alike, far more than one answer holds. */
const many = (count: number): Line[] =>
  Array.from({ length: count }, (_, index) =>
    line(index % 60, { msg: `ä${index} ${'x'.repeat(index % 200)}` }),
  );

describe('getLogs', () => {
  it('tells all there is, oldest first', async () => {
    const { payload } = await logOf(line(1), line(2)).table.answer('getLogs');
    assert.deepEqual(payload, {
      count: 2,
      omitted: 0,
      truncated: false,
      dropped: 0,
      lines: [line(1), line(2)],
    });
  });

  it('tells the last so many', async () => {
    const { table } = logOf(line(1), line(2), line(3));
    const { payload } = await table.answer('getLogs', { lines: 2 });
    assert.deepEqual(payload, {
      count: 2,
      omitted: 1,
      truncated: false,
      dropped: 0,
      lines: [line(2), line(3)],
    });
  });

  it('tells those of a time, a level and a part of the program', async () => {
    const { table } = logOf(line(10), line(50, { level: 50 }), line(55, { area: 'twin' }));
    assert.deepEqual(await texts(table, { since: '15m' }), ['line 50', 'line 55']);
    assert.deepEqual(await texts(table, { until: '2026-11-22T10:50:00Z' }), ['line 10']);
    assert.deepEqual(await texts(table, { level: 'warn' }), ['line 50']);
    assert.deepEqual(await texts(table, { area: 'twin' }), ['line 55']);
  });

  it('cuts to what one answer holds, the newest first, and says how many were left out', async () => {
    const { table } = logOf(...many(3000));
    const { status, payload } = await table.answer('getLogs');
    const bytes = Buffer.byteLength(JSON.stringify(payload));
    assert.equal(status, 200);
    assert.ok(bytes <= maxAnswerBytes && bytes > maxAnswerBytes - 1024, `${bytes} bytes`);
    const { lines, count, omitted } = payload as unknown as { lines: Line[]; count: number; omitted: number };
    assert.equal(payload['truncated'], true);
    assert.equal(lines.length, count);
    assert.equal(count + omitted, 3000);
    assert.match(lines.at(-1)?.msg ?? '', /^ä2999 /);
  });

  it('has room for more in gzip, and cuts that too', async () => {
    const { table } = logOf(...many(60_000));
    const { status, payload } = await table.answer('getLogs', { gzip: true });
    assert.equal(status, 200);
    const bytes = Buffer.byteLength(JSON.stringify(payload));
    assert.ok(bytes <= maxAnswerBytes && bytes > maxAnswerBytes / 2, `${bytes} bytes`);
    const unpacked = gunzipSync(Buffer.from(String(payload['gzip']), 'base64')).toString('utf8');
    const lines = unpacked
      .trimEnd()
      .split('\n')
      .map((text) => JSON.parse(text) as Line);
    assert.equal(lines.length, payload['count']);
    assert.ok(lines.length > 3000);
    assert.match(lines.at(-1)?.msg ?? '', /^ä59999 /);
    assert.equal(Number(payload['count']) + Number(payload['omitted']), 60_000);
  });

  it('tells nothing where there is nothing', async () => {
    const { table } = logOf(line(1));
    assert.deepEqual(await texts(table, { since: '1m' }), []);
    const { payload } = await table.answer('getLogs', { since: '1m', gzip: true });
    assert.equal(gunzipSync(Buffer.from(String(payload['gzip']), 'base64')).length, 0);
  });

  it('says how many lines are no longer there', async () => {
    const ring = new LogRing(1024);
    for (let index = 0; index < 100; index += 1) ring.push(JSON.stringify(line(index % 60)));
    const { payload } = await new TableOf(getLogs(ring, new FakeClock())).answer('getLogs');
    assert.equal(Number(payload['dropped']) + Number(payload['count']), 100);
  });
});
