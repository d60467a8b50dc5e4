import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AnswerTally } from '../../../src/metrics/answer-tally.ts';
import { SettingTally } from '../../../src/metrics/setting-tally.ts';

describe('AnswerTally', () => {
  it('counts by method and status, and what does not exist under one name', () => {
    const tally = new AnswerTally();
    tally.answered('ping', 200);
    tally.answered('ping', 200);
    tally.answered(undefined, 404);
    tally.answered(undefined, 404);
    assert.deepEqual(tally.figures, [
      { method: 'ping', status: 200, count: 2 },
      { method: '(unknown)', status: 404, count: 2 },
    ]);
  });

  it('has a bound, beyond which statuses are counted together', () => {
    const tally = new AnswerTally();
    for (let status = 100; status < 600; status += 1) tally.answered('odd', status);
    const figures = tally.figures;
    assert.ok(figures.length <= 205, String(figures.length));
    assert.equal(
      figures.reduce((sum, { count }) => sum + count, 0),
      500,
    );
    assert.deepEqual(figures.at(-1), { method: '(other)', status: 500, count: 100 });
  });
});

describe('SettingTally', () => {
  it('tells what stands now, not what ever stood', () => {
    const tally = new SettingTally();
    const acknowledge = (...codes: number[]): void => {
      const section = new Map(codes.map((ac, index) => [`p${index}`, { ac }]));
      tally.acknowledged(new Map([['telemetry', section]]));
    };
    acknowledge(200, 200, 202, 400, 500);
    assert.deepEqual(tally.figures, { applied: 2, trying: 1, refused: 1, failed: 1 });
    acknowledge(200);
    assert.deepEqual(tally.figures, { applied: 1, trying: 0, refused: 0, failed: 0 });
  });
});
