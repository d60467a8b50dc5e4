import assert from 'node:assert/strict';
import { readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { Budget } from '../../../../src/telemetry/budget/budget.ts';
import type { BudgetSettings } from '../../../../src/telemetry/budget/budget.ts';
import type { Priority } from '../../../../src/telemetry/priority.ts';
import { FakeClock } from '../../../fakes/fake-clock.ts';
import { RecordingLog } from '../../../fakes/recording-log.ts';
import { temporaryDirectory } from '../../../fakes/temporary-directory.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** A device: its budget, what is in its queue, and its network. */
class Device {
  settings: BudgetSettings = {};
  clock = new FakeClock(new Date('2026-11-22T00:00:00Z'));
  readonly log = new RecordingLog();
  readonly taken: Record<Priority, number> = { high: 0, normal: 0, low: 0 };
  readonly queue: number[] = [];
  budget: Budget;
  isOnline = true;
  wire = { sent: 0, received: 0 };
  readonly #path: string;

  constructor(path: string, settings: BudgetSettings) {
    this.#path = path;
    this.settings = settings;
    this.budget = this.#start();
  }

  /** The program is started again, after an orderly end. */
  async restart(): Promise<void> {
    await this.budget.save();
    this.wire = { sent: 0, received: 0 };
    this.budget = this.#start();
    await this.budget.load();
  }

  measure(priority: Priority, bytes = 100): boolean {
    const isTaken = this.budget.admits(priority, bytes);
    if (isTaken) {
      this.taken[priority] += 1;
      this.queue.push(bytes);
    }
    if (this.isOnline) this.send();
    return isTaken;
  }

  send(): void {
    for (const bytes of this.queue.splice(0)) {
      this.wire = { sent: this.wire.sent + bytes, received: this.wire.received };
      this.budget.sent(bytes);
    }
  }

  /** So many of each priority, evenly through that time. */
  async pass(ms: number, counts: Partial<Record<Priority, number>>): Promise<void> {
    const entries = Object.entries(counts) as [Priority, number][];
    const due = entries.flatMap(([priority, count]) =>
      Array.from({ length: count }, (_, index) => ({ priority, atMs: (index * ms) / count })),
    );
    let nowMs = 0;
    for (const { priority, atMs } of due.toSorted((a, b) => a.atMs - b.atMs)) {
      await this.clock.advance(atMs - nowMs);
      nowMs = atMs;
      this.measure(priority);
    }
    await this.clock.advance(ms - nowMs);
  }

  get warnings(): string[] {
    return this.log.messages('warn');
  }

  #start(): Budget {
    return new Budget({
      settings: () => this.settings,
      wire: () => this.wire,
      waiting: () => ({
        messages: this.queue.length,
        bytes: this.queue.reduce((sum, bytes) => sum + bytes, 0),
      }),
      path: this.#path,
      clock: this.clock,
      log: this.log,
    });
  }
}

describe('a budget', () => {
  let directory: string;

  async function device(test: TestContext, settings: BudgetSettings): Promise<Device> {
    directory = await temporaryDirectory(test);
    return new Device(join(directory, 'budget.json'), settings);
  }

  describe('that is not configured', () => {
    it('takes everything, counts nothing and writes nothing', async (test) => {
      const one = await device(test, {});
      await one.budget.load();
      for (let count = 0; count < 1000; count += 1) assert.ok(one.measure('low', 200_000));
      await one.budget.save();
      assert.deepEqual(one.budget.status, { thinned: { high: 0, normal: 0, low: 0 } });
      assert.deepEqual(await readdir(directory), []);
    });
  });

  describe('of messages a day', () => {
    it('counts them as the hub meters them, resends too', async (test) => {
      const one = await device(test, { messagesPerDay: 1000 });
      for (const bytes of [1, 4096, 4097, 8192, 8193]) one.budget.sent(bytes);
      assert.deepEqual(one.budget.status.messages, { period: '2026-11-22', used: 9, allowed: 1000 });
    });

    it('loses nothing to a device that spends it evenly, to the last message', async (test) => {
      const one = await device(test, { messagesPerDay: 720 });
      for (let day = 0; day < 2; day += 1) await one.pass(dayMs, { normal: 720 });
      assert.equal(one.taken.normal, 1440);
      assert.deepEqual(one.warnings, []);
    });

    it('thins low first: normal and high lose nothing while low alone is too much', async (test) => {
      const one = await device(test, { messagesPerDay: 1000 });
      await one.pass(dayMs, { high: 100, normal: 400, low: 2000 });
      assert.deepEqual([one.taken.high, one.taken.normal], [100, 400]);
      assert.ok(one.taken.low > 200 && one.taken.low < 330, String(one.taken.low));
      assert.equal(one.budget.status.thinned.low, 2000 - one.taken.low);
    });

    it('then normal, when there is no low any more', async (test) => {
      const one = await device(test, { messagesPerDay: 1000 });
      await one.pass(dayMs, { high: 100, normal: 2000, low: 500 });
      assert.equal(one.taken.high, 100);
      assert.ok(one.taken.low < 60, String(one.taken.low));
      const all = one.taken.high + one.taken.normal + one.taken.low;
      assert.ok(all > 950 && all < 1010, String(all));
    });

    it('thins evenly: in every hour about as many, but for the first and the last', async (test) => {
      const one = await device(test, { messagesPerDay: 2400 });
      const hours: number[] = [];
      for (let hour = 0; hour < 24; hour += 1) {
        const before = one.taken.low;
        await one.pass(hourMs, { normal: 50, low: 200 });
        hours.push(one.taken.low - before);
      }
      assert.equal(one.taken.normal, 24 * 50);
      for (const taken of hours.slice(1, 22)) assert.ok(taken >= 22 && taken <= 36, hours.join(' '));
    });

    it('does the same each time', async (test) => {
      const runs = [await device(test, { messagesPerDay: 100 }), await device(test, { messagesPerDay: 100 })];
      const traces = runs.map((one) => Array.from({ length: 50 }, () => one.measure('low')));
      assert.deepEqual(traces[0], traces[1]);
      assert.ok(traces[0]?.includes(true) === true && traces[0].includes(false));
    });

    it('takes all that is high, and says once a day that it is too much', async (test) => {
      const one = await device(test, { messagesPerDay: 10 });
      for (let count = 0; count < 30; count += 1) assert.ok(one.measure('high'));
      assert.ok(!one.measure('normal') && !one.measure('low'));
      const exceeded = (): string[] => one.warnings.filter((message) => message.includes('exceeded'));
      assert.deepEqual(exceeded(), [
        'the telemetry budget is exceeded: 11 used of messages_per_day 10 in 2026-11-22',
      ]);
      await one.clock.advance(dayMs);
      for (let count = 0; count < 30; count += 1) one.measure('high');
      assert.equal(exceeded().length, 2);
    });

    it('says once a day that it thins', async (test) => {
      const one = await device(test, { messagesPerDay: 240 });
      await one.pass(dayMs - minuteMs, { low: 1000 });
      assert.equal(one.warnings.length, 1);
      assert.match(
        one.warnings[0] ?? '',
        /^telemetry is being thinned, lowest priority first: \d+ used of messages_per_day 240 in 2026-11-22, and \d+ more wait in the queue$/,
      );
    });

    it('does not hurry at the start, nor stop a small budget at its first message', async (test) => {
      const one = await device(test, { messagesPerDay: 10 });
      assert.deepEqual([one.measure('normal'), one.measure('normal')], [true, false]);
      await one.clock.advance(3 * hourMs);
      assert.ok(one.measure('normal'));
    });

    it('through an outage, keeps what a day may bring and lets no backlog through beyond it', async (test) => {
      const one = await device(test, { messagesPerDay: 1000 });
      one.isOnline = false;
      await one.pass(3 * dayMs, { normal: 900 });
      // The pace of a later day is not to blame for what waits from the days before.
      assert.equal(one.taken.normal, 900);
      await one.pass(dayMs, { normal: 400 });
      assert.equal(one.taken.normal, 1000);
      one.isOnline = true;
      one.send();
      assert.equal(one.budget.status.messages?.used, 1000);
      assert.ok(!one.measure('normal'));
      await one.clock.advance(dayMs);
      assert.ok(one.measure('normal'));
    });

    it('gives back what the queue has dropped', async (test) => {
      const one = await device(test, { messagesPerDay: 240 });
      one.isOnline = false;
      while (one.measure('normal'));
      assert.ok(!one.measure('normal'));
      one.queue.length = 0;
      assert.ok(one.measure('normal'));
    });
  });

  describe('of bytes a month', () => {
    it('counts what goes over the wire, both ways, whatever it is', async (test) => {
      const one = await device(test, { bytesPerMonth: 1_000_000 });
      one.wire = { sent: 700, received: 300 };
      assert.deepEqual(one.budget.status.bytes, { period: '2026-11', used: 1000, allowed: 1_000_000 });
      one.wire = { sent: 800, received: 300 };
      assert.deepEqual(one.budget.status.bytes, { period: '2026-11', used: 1100, allowed: 1_000_000 });
    });

    it('thins by the pace of the month, from the 22nd too', async (test) => {
      const one = await device(test, { bytesPerMonth: 30_000 });
      let taken = 0;
      while (one.measure('normal')) taken += 1;
      // 21 of 30 days have passed, in which nothing was sent.
      assert.ok(taken > 200 && taken < 230, String(taken));
    });

    it('says when the connection itself takes more than all of it', async (test) => {
      const one = await device(test, { bytesPerMonth: 100_000 });
      one.wire = { sent: 60_000, received: 60_000 };
      await one.budget.save();
      assert.deepEqual(one.warnings, [
        'the telemetry budget is exceeded: 120000 used of bytes_per_month 100000 in 2026-11',
      ]);
    });

    it('goes together with messages a day: the tighter one decides', async (test) => {
      const one = await device(test, { bytesPerMonth: 1_000_000_000, messagesPerDay: 2 });
      assert.ok(one.measure('normal') && !one.measure('normal'));
      const other = await device(test, { bytesPerMonth: 299, messagesPerDay: 1_000_000 });
      assert.ok(other.measure('normal') && other.measure('normal') && !other.measure('normal'));
    });
  });

  describe('whose clock jumps', () => {
    for (const [what, ms] of [
      ['a month forwards', 30 * dayMs],
      ['a month backwards', -30 * dayMs],
      ['to 1970', -Date.parse('2026-11-22T00:00:00Z')],
    ] as const) {
      it(`${what}, takes messages in again a day later at the latest`, async (test) => {
        const one = await device(test, { messagesPerDay: 24, bytesPerMonth: 1_000_000 });
        while (one.measure('normal'));
        one.clock.stepWallClock(ms);
        await one.pass(dayMs, { normal: 48 });
        const taken = one.taken.normal;
        await one.pass(dayMs, { normal: 24 });
        assert.ok(one.taken.normal - taken > 20, `${one.taken.normal - taken} in a day`);
      });
    }

    it('forwards and back, has lost no count', async (test) => {
      const one = await device(test, { messagesPerDay: 1000 });
      await one.pass(hourMs, { normal: 30 });
      one.clock.stepWallClock(31 * dayMs);
      await one.pass(hourMs, { normal: 20 });
      one.clock.stepWallClock(-31 * dayMs);
      assert.equal(one.budget.status.messages?.used, 50);
    });
  });

  describe('on disk', () => {
    let one: Device;
    const file = (): string => join(directory, 'budget.json');

    beforeEach(async (test) => {
      one = await device(test as TestContext, { messagesPerDay: 1000, bytesPerMonth: 1_000_000 });
    });

    it('goes on after a restart', async () => {
      await one.pass(hourMs, { normal: 40 });
      await one.restart();
      one.measure('normal');
      const { messages, bytes } = one.budget.status;
      assert.deepEqual([messages?.used, bytes?.used], [41, 4100]);
    });

    it('is written once an hour, and at the end', async () => {
      const stop = new AbortController();
      const running = one.budget.run(stop.signal);
      one.measure('normal');
      await one.clock.advance(hourMs - 1);
      await assert.rejects(stat(file()), { code: 'ENOENT' });
      await one.clock.advance(1);
      stop.abort();
      await running;
      const text = await readFile(file(), 'utf8');
      assert.match(text, /"period":"2026-11-22","spent":1,/);
      assert.equal((await stat(file())).mode & 0o777, 0o600);
    });

    it('that is damaged is set aside, and counted anew', async () => {
      for (const text of ['', '{}', '{"format":1,"messages":{"past":[]},"bytes":{"past":[{"spent":-1}]}}']) {
        await writeFile(file(), text);
        await one.budget.load();
        assert.equal(one.budget.status.messages?.used, 0);
        assert.equal(await readFile(`${file()}.damaged`, 'utf8'), text);
        assert.match(one.warnings.at(-1) ?? '', /^the counts in .*budget\.json were damaged and are now /);
      }
    });

    it('that cannot be written is said once, and its end once', async () => {
      const blocked = join(directory, 'blocked');
      await writeFile(blocked, '');
      const path = join(blocked, 'budget.json');
      const other = new Device(path, { messagesPerDay: 1000 });
      const send = async (): Promise<void> => {
        other.budget.sent(1);
        await other.budget.save();
      };
      await send();
      await send();
      await rm(blocked);
      await send();
      await send();
      const said = other.log.lines.map(({ level, message }) => `${level}: ${message}`);
      assert.deepEqual(said, [
        `warn: cannot keep the budget's counts in ${path}`,
        `info: the budget's counts can be kept in ${path} again`,
      ]);
    });
  });
});
