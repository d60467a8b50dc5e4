import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CloudError } from '../../../src/cloud-error.ts';
import type { FailureCode } from '../../../src/cloud-error.ts';
import type { ReportedProperties } from '../../../src/twin/properties.ts';
import { ReportQueue } from '../../../src/twin/report-queue.ts';
import { FakeClock, settle } from '../../fakes/fake-clock.ts';
import { RecordingLog } from '../../fakes/recording-log.ts';

/** A hub that answers reports as the test says: a code refuses, a promise lets it wait, nothing takes it. */
function hub(...answers: (FailureCode | Promise<void> | undefined)[]) {
  const [tried, taken]: [unknown[], unknown[]] = [[], []];
  const report = async (properties: ReportedProperties): Promise<void> => {
    tried.push(properties['n']);
    const answer = answers.shift();
    if (typeof answer === 'string') throw new CloudError(answer, 'report properties');
    await answer;
    taken.push(properties['n']);
  };
  const [clock, log, stop] = [new FakeClock(), new RecordingLog(), new AbortController()];
  const queue = new ReportQueue({ report }, { clock, random: () => 0, log });
  const say = (n: number): Promise<void> => queue.report({ n }, stop.signal);
  return { say, tried, taken, clock, log, stop };
}

describe('ReportQueue', () => {
  it('reports one at a time, in the order in which it was asked', async () => {
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const { say, tried, taken } = hub(gate);
    const all = Promise.all([say(1), say(2), say(3)]);
    await settle();
    assert.deepEqual(tried, [1]);
    open();
    await all;
    assert.deepEqual(taken, [1, 2, 3]);
  });

  it('lets none overtake one that is tried again', async () => {
    const { say, tried, clock, log } = hub('HUB-TWIN', 'HUB-TWIN');
    const all = Promise.all([say(1), say(2)]);
    await clock.advance(10_000);
    await all;
    assert.deepEqual(tried, [1, 1, 1, 2]);
    assert.equal(log.messages('warn').length, 1);
    assert.deepEqual(log.messages('info'), ['could report properties after 2 refusals']);
  });

  it('tells who reports what the hub will never take, and goes on with the next', async () => {
    const { say, taken } = hub('HUB-TWIN-REFUSED');
    const [first, second] = await Promise.allSettled([say(1), say(2)]);
    assert.equal(first.status === 'rejected' && (first.reason as CloudError).code, 'HUB-TWIN-REFUSED');
    assert.equal(second.status, 'fulfilled');
    assert.deepEqual(taken, [2]);
  });

  it('ends with the session: neither what waits for its turn nor what is tried again is tried once more', async () => {
    const { say, tried, clock, stop } = hub('HUB-TWIN');
    const all = Promise.allSettled([say(1), say(2)]);
    await settle();
    stop.abort(new Error('the session is over'));
    assert.deepEqual(
      (await all).map((outcome) => outcome.status === 'rejected' && (outcome.reason as Error).message),
      ['the session is over', 'the session is over'],
    );
    assert.deepEqual([tried, clock.sleeping], [[1], []]);
  });
});
