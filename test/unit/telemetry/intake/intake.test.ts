import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { BatchConfig } from '../../../../src/config/inputs/batch.ts';
import type { ProcessingConfig, ProcessingStep } from '../../../../src/config/inputs/processing.ts';
import type { Fate } from '../../../../src/telemetry/intake/fate.ts';
import { Intake } from '../../../../src/telemetry/intake/intake.ts';
import type { IntakeInput } from '../../../../src/telemetry/intake/intake.ts';
import type { Priority } from '../../../../src/telemetry/priority.ts';
import { Processor } from '../../../../src/telemetry/processing/processor.ts';
import { JsonReading } from '../../../../src/telemetry/reading.ts';
import type { Reading } from '../../../../src/telemetry/reading.ts';
import { FakeClock, settle } from '../../../fakes/fake-clock.ts';
import { FakeQueue } from '../../../fakes/fake-queue.ts';
import { RecordingLog } from '../../../fakes/recording-log.ts';
import { tracesAt } from '../../../fakes/traces.ts';

const startMs = Date.parse('2026-01-01T00:00:00Z');

describe('Intake', () => {
  let clock: FakeClock;
  let queue: FakeQueue;
  let batch: BatchConfig;
  let input: IntakeInput;
  let spent: boolean;
  let asked: { priority: Priority; bytes: number }[];
  let process: ProcessingConfig;
  let stop: AbortController;
  let running: Promise<void>;

  beforeEach(() => {
    clock = new FakeClock();
    queue = new FakeQueue(clock);
    batch = { maxReadings: 1, maxBytes: 4096, maxDelayMs: 10_000, compression: 'none' };
    input = { name: 'probe', priority: 'normal', properties: {} };
    process = [];
    spent = false;
    asked = [];
    stop = new AbortController();
    running = Promise.resolve();
  });

  afterEach(async () => {
    stop.abort();
    await running;
  });

  function begin(): Intake {
    const budget = {
      admits: (priority: Priority, bytes: number) => {
        asked.push({ priority, bytes });
        return !spent;
      },
    };
    const processor = new Processor(process, clock, new RecordingLog());
    const intake = new Intake({ input, batch: () => batch, processor, budget, queue, clock });
    running = intake.run(stop.signal);
    return intake;
  }

  function bodies(): unknown[] {
    return queue.offered.map(({ body }) => JSON.parse(String(body)) as unknown);
  }

  function only<T>(of: readonly T[]): T {
    const [one, ...others] = of;
    assert.ok(one !== undefined);
    assert.equal(others.length, 0);
    return one;
  }

  it('is a service named for its input', () => {
    assert.equal(begin().name, 'intake of probe');
  });

  describe('without batching', () => {
    it('offers each reading at once, as what its input is', () => {
      input = {
        ...input,
        component: 'pump',
        priority: 'high',
        ttlMs: 5000,
        properties: { place: 'cellar' },
      };
      begin().take([{ values: { count: 1 } }, { values: { count: 2 } }]);
      assert.deepEqual(bodies(), [{ count: 1 }, { count: 2 }]);
      assert.deepEqual(queue.offered[0], {
        body: '{"count":1}',
        messageId: 'm1',
        sequence: 1,
        input: 'probe',
        component: 'pump',
        properties: { place: 'cellar' },
        contentType: 'application/json',
        contentEncoding: 'utf-8',
        createdAtMs: startMs,
        priority: 'high',
        ttlMs: 5000,
      });
    });

    it('has it be as old as the reading says', () => {
      begin().take([{ values: {}, timeMs: startMs - 60_000 }]);
      assert.equal(queue.offered[0]?.createdAtMs, startMs - 60_000);
    });

    for (const timeMs of [NaN, Infinity, -1, 1e18]) {
      it(`takes a reading that says it is of ${timeMs} for one of now`, () => {
        begin().take([{ values: {}, timeMs }]);
        assert.equal(queue.offered[0]?.createdAtMs, startMs);
      });
    }

    it('has a reading’s component before that of the post, and that before the input’s', () => {
      input = { ...input, component: 'pump' };
      const intake = begin();
      intake.take([{ values: {} }]);
      intake.take([{ values: {} }, { values: {}, component: 'valve' }], { component: 'tank' });
      assert.deepEqual(
        queue.offered.map(({ component }) => component),
        ['pump', 'tank', 'valve'],
      );
    });

    it('has the post’s priority before the input’s', () => {
      begin().take([{ values: {} }], { priority: 'low' });
      assert.equal(queue.offered[0]?.priority, 'low');
    });
  });

  describe('batching', () => {
    beforeEach(() => {
      batch = { ...batch, maxReadings: 100 };
    });

    it('gathers readings with a time each, and closes when the delay of the first is over', async () => {
      const intake = begin();
      intake.take([{ values: { n: 1 } }]);
      await clock.advance(4000);
      intake.take([{ values: { n: 2 } }]);
      await clock.advance(5999);
      assert.deepEqual(bodies(), []);
      await clock.advance(1);
      assert.deepEqual(bodies(), [
        [
          { time: '2026-01-01T00:00:00.000Z', n: 1 },
          { time: '2026-01-01T00:00:04.000Z', n: 2 },
        ],
      ]);
      assert.equal(queue.offered[0]?.createdAtMs, startMs + 10_000);
    });

    it('keeps to the delay whatever the wall clock does', async () => {
      begin().take([{ values: {} }]);
      clock.stepWallClock(-86_400_000);
      await clock.advance(9999);
      assert.equal(queue.depth, 0);
      await clock.advance(1);
      assert.equal(queue.depth, 1);
    });

    it('closes at once when it is full, and begins anew', async () => {
      batch = { ...batch, maxReadings: 3 };
      begin().take(Array.from({ length: 7 }, (_, n) => ({ values: { n } })));
      assert.deepEqual(
        bodies().map((body) => (body as unknown[]).length),
        [3, 3],
      );
      await clock.advance(10_000);
      assert.equal((bodies()[2] as unknown[]).length, 1);
    });

    it('keeps priorities and components apart, the higher priorities first', async () => {
      const intake = begin();
      for (let round = 0; round < 2; round += 1) {
        intake.take([{ values: {} }, { values: {}, component: 'pump' }]);
        intake.take([{ values: {} }], { priority: 'high' });
      }
      await clock.advance(10_000);
      assert.deepEqual(
        queue.offered.map(({ priority, component }) => [priority, component]),
        [
          ['high', undefined],
          ['normal', undefined],
          ['normal', 'pump'],
        ],
      );
      assert.deepEqual(
        bodies().map((body) => (body as unknown[]).length),
        [2, 2, 2],
      );
    });

    it('leaves nothing behind when it is flushed', async () => {
      const intake = begin();
      intake.take([{ values: {} }, { values: {}, component: 'pump' }]);
      intake.flush();
      assert.equal(queue.depth, 2);
      intake.flush();
      await clock.advance(60_000);
      assert.equal(queue.depth, 2);
    });

    it('has one fate for all that is in a message, which settles with that', async () => {
      const intake = begin();
      const fates = [...intake.take([{ values: {} }, { values: {} }]), ...intake.take([{ values: {} }])];
      const fate = only([...new Set(fates)]);
      assert.equal(fate.isKnown, false);
      await clock.advance(10_000);
      assert.deepEqual([fate.isKnown, await fate.outcome], [true, { accepted: true, place: 'disk' }]);
    });

    it('mixes no forms when the configuration changes meanwhile', () => {
      const intake = begin();
      intake.take([{ values: { n: 1 } }]);
      batch = { ...batch, maxReadings: 1 };
      intake.take([{ values: { n: 2 } }]);
      assert.deepEqual(bodies(), [[{ time: '2026-01-01T00:00:00.000Z', n: 1 }], { n: 2 }]);
    });

    it('does not wake for each reading', async () => {
      const intake = begin();
      intake.take([{ values: {} }]);
      await settle();
      let sleeps = 0;
      const sleep = clock.sleep.bind(clock);
      clock.sleep = (ms, signal) => {
        sleeps += 1;
        return sleep(ms, signal);
      };
      for (let n = 0; n < 50; n += 1) {
        intake.take([{ values: {} }]);
        await settle();
      }
      assert.equal(sleeps, 0);
    });

    it('looks earlier when something becomes due earlier', async () => {
      const intake = begin();
      intake.take([{ values: {} }]);
      await settle();
      batch = { ...batch, maxDelayMs: 1000 };
      intake.take([{ values: {}, component: 'pump' }]);
      await clock.advance(1000);
      assert.deepEqual(
        queue.offered.map(({ component }) => component),
        ['pump'],
      );
    });
  });

  describe('what came as JSON', () => {
    const json = '{ "t": 1.50, "u":2}';
    const came = (): Reading => new JsonReading(json);

    it('goes on as it came, of whatever component', () => {
      const intake = begin();
      intake.take([came()]);
      intake.take([came()], { component: 'pump' });
      intake.take([new JsonReading('{ "time": 5, "u":2}', { values: { time: 5, u: 2 } })]);
      assert.deepEqual(
        queue.offered.map(({ component, body }) => [component, body]),
        [
          [undefined, json],
          ['pump', json],
          [undefined, '{ "time": 5, "u":2}'],
        ],
      );
    });

    it('has its time where it shares a message, unless it brought one', () => {
      batch = { ...batch, maxReadings: 3 };
      const own = '{"time":5,"u":2}';
      const intake = begin();
      const values = { time: 5, u: 2 };
      intake.take([came(), new JsonReading(own, { values })]);
      intake.take([new JsonReading(own, { values })], { component: 'pump' });
      intake.flush();
      const time = '"time":"2026-01-01T00:00:00.000Z"';
      assert.deepEqual(
        queue.offered.map(({ body }) => String(body)),
        [`[{${time}, "t": 1.50, "u":2},${own}]`, `[${own}]`],
      );
    });

    const steps: [ProcessingStep, unknown[]][] = [
      [{ kind: 'rename', names: { t: 'temp' } }, [{ temp: 1.5, u: 2 }]],
      [{ kind: 'select', patterns: ['u'] }, [{ u: 2 }]],
      [{ kind: 'scale', values: { t: { factor: 2, offset: 0 } } }, [{ t: 3, u: 2 }]],
      [{ kind: 'report_on_change', values: { t: 'any' }, maxSilenceMs: 1000 }, [{ t: 1.5, u: 2 }]],
      [{ kind: 'window', everyMs: 1000, values: { t: ['mean'] } }, [{ tMean: 1.5 }]],
    ];
    for (const [step, expected] of steps)
      it(`is what ${step.kind} makes of it`, () => {
        process = [step];
        const intake = begin();
        intake.take([came(), came()]);
        intake.flush();
        const isTwice = ['rename', 'select', 'scale'].includes(step.kind);
        assert.deepEqual(bodies(), isTwice ? [...expected, ...expected] : expected);
      });
  });

  describe('windows', () => {
    beforeEach(() => {
      process = [{ kind: 'window', everyMs: 60_000, values: { '*': ['mean'] } }];
    });

    it('come out on time without a further reading', async () => {
      const intake = begin();
      assert.deepEqual(intake.take([{ values: { t: 1 } }, { values: { t: 3 } }]), []);
      await clock.advance(59_999);
      assert.equal(queue.depth, 0);
      await clock.advance(1);
      assert.deepEqual(bodies(), [{ tMean: 2 }]);
      assert.equal(queue.offered[0]?.createdAtMs, startMs + 60_000);
    });

    it('hold what a post says is of a component apart from the rest', async () => {
      const intake = begin();
      intake.take([{ values: { t: 1 } }]);
      intake.take([{ values: { t: 5 } }], { component: 'pump' });
      await clock.advance(60_000);
      assert.deepEqual(
        queue.offered.map(({ component, body }) => [component, body]),
        [
          [undefined, '{"tMean":1}'],
          ['pump', '{"tMean":5}'],
        ],
      );
    });

    it('are gathered in batches like anything else', async () => {
      batch = { ...batch, maxReadings: 2, maxDelayMs: 300_000 };
      const intake = begin();
      for (const t of [1, 2]) {
        intake.take([{ values: { t } }]);
        await clock.advance(60_000);
      }
      assert.deepEqual(
        (bodies()[0] as { tMean: number }[]).map(({ tMean }) => tMean),
        [1, 2],
      );
    });

    it('leave nothing behind when they are flushed', () => {
      const intake = begin();
      intake.take([{ values: { t: 4 } }]);
      intake.flush();
      assert.deepEqual(bodies(), [{ tMean: 4 }]);
    });
  });

  describe('whole messages', () => {
    const whole = { body: Buffer.from([1, 2, 3]), contentType: 'image/png', contentEncoding: undefined };

    it('go as they are, with what the input says where they say nothing', () => {
      input = { ...input, component: 'camera', priority: 'low', ttlMs: 1000, properties: { a: '1', b: '1' } };
      const fate = begin().takeMessage({ ...whole, component: undefined, properties: { b: '2' } });
      assert.equal(fate.isKnown, true);
      assert.deepEqual(only(queue.offered), {
        ...whole,
        messageId: 'm1',
        sequence: 1,
        input: 'probe',
        component: 'camera',
        priority: 'low',
        ttlMs: 1000,
        createdAtMs: startMs,
        properties: { a: '1', b: '2' },
      });
    });

    it('may say all of that themselves', () => {
      const own = { component: 'lens', priority: 'high', ttlMs: 7, createdAtMs: 12_345 } as const;
      begin().takeMessage({ ...whole, ...own });
      assert.deepEqual(only(queue.offered), {
        ...{ ...whole, ...own },
        ...{ messageId: 'm1', sequence: 1, input: 'probe', properties: {} },
      });
    });

    it('are of now where the time they say cannot be written down', () => {
      begin().takeMessage({ ...whole, createdAtMs: 1e18 });
      assert.equal(only(queue.offered).createdAtMs, startMs);
    });
  });

  describe('what is not taken in', () => {
    async function reasonOf(fate: Fate): Promise<unknown> {
      const outcome = await fate.outcome;
      return outcome.accepted ? outcome.place : outcome.reason;
    }

    it('is told: the budget is spent', async () => {
      spent = true;
      const intake = begin();
      const fate = only(intake.take([{ values: {} }], { priority: 'low' }));
      assert.equal(await reasonOf(fate), 'budget');
      assert.equal(asked[0]?.priority, 'low');
      assert.ok(asked[0].bytes > 100);
      assert.deepEqual([queue.depth, intake.refused], [0, { full: 0, oversize: 0, budget: 1 }]);
    });

    for (const reason of ['full', 'oversize'] as const) {
      it(`is told: the queue says ${reason}`, async () => {
        queue.refusal = reason;
        const intake = begin();
        assert.equal(await reasonOf(only(intake.take([{ values: {} }]))), reason);
        assert.equal(intake.refused[reason], 1);
      });
    }

    it('is told: its properties do not fit into a topic', async () => {
      const intake = begin();
      const properties = (bytes: number): Record<string, string> => ({ p: 'x'.repeat(bytes) });
      const message = { body: '', contentType: 'text/plain', contentEncoding: 'utf-8' };
      const fits = intake.takeMessage({ ...message, properties: properties(16_000) });
      const not = intake.takeMessage({ ...message, properties: properties(16_384) });
      assert.deepEqual([await reasonOf(fits), await reasonOf(not)], ['disk', 'oversize']);
      assert.deepEqual([queue.depth, intake.refused.oversize, asked.length], [1, 1, 1]);
    });
  });

  it('is ready when the queue is', async () => {
    queue.onReady = () => clock.sleep(500, stop.signal);
    let isReady = false;
    const waiting = begin()
      .ready(stop.signal)
      .then(() => {
        isReady = true;
      });
    await clock.advance(499);
    assert.equal(isReady, false);
    await clock.advance(1);
    await waiting;
  });

  it('leaves no timer and nothing at its signal', async () => {
    batch = { ...batch, maxReadings: 10 };
    const intake = begin();
    for (let round = 0; round < 20; round += 1) {
      intake.take([{ values: {} }]);
      await clock.advance(3000);
    }
    assert.ok(tracesAt(stop.signal) <= 1);
    stop.abort();
    await running;
    assert.deepEqual([tracesAt(stop.signal), clock.sleeping], [0, []]);
  });
});
