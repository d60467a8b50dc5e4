import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../../../../src/lib/seeded-random.ts';
import { Ledger } from '../../../../src/soak/ledger/ledger.ts';
import { Feeder } from '../../../../src/soak/load/feeder.ts';
import type { LoadPlan } from '../../../../src/soak/load/load-plan.ts';
import { FakeClock } from '../../../fakes/fake-clock.ts';
import { FakeTelemetryPost } from '../../../fakes/fake-telemetry-post.ts';
import { RecordingLog } from '../../../fakes/recording-log.ts';

const aSecond: LoadPlan = {
  messagesPerSecond: 1,
  bytes: [100, 200],
  burst: { messages: 0, everyMs: 0 },
  twinEveryMs: 0,
};
const nothing: LoadPlan = { ...aSecond, messagesPerSecond: 0 };
const minuteMs = 60_000;

function feeding(agents = ['one']): {
  clock: FakeClock;
  ledger: Ledger;
  feeder: Feeder;
  posts: FakeTelemetryPost[];
} {
  const clock = new FakeClock();
  const ledger = new Ledger(agents, () => clock.monotonic());
  const posts = agents.map(() => new FakeTelemetryPost());
  const feeder = new Feeder({
    members: agents.map((name) => ({ name, socketPath: `/run/${name}.sock` })),
    ledger,
    randomFor: (name) => seededRandom(agents.indexOf(name)),
    clock,
    log: new RecordingLog(),
    postFor: ({ name }) => posts[agents.indexOf(name)] ?? new FakeTelemetryPost(),
  });
  return { clock, ledger, feeder, posts };
}

describe('the feeder', () => {
  it('feeds every agent by the plan, with numbers of its own, and notes what was promised', async () => {
    const { clock, ledger, feeder } = feeding(['one', 'two']);
    feeder.follow(aSecond);
    await clock.advance(minuteMs);
    for (const entry of Object.values(ledger.entries())) {
      assert.ok(entry.promised > 45 && entry.promised < 75, `${entry.promised} in a minute`);
      assert.equal(entry.posted, entry.promised);
      assert.equal(entry.missing, entry.promised);
    }
    await feeder.stop();
  });

  it('posts nothing without a plan, and sleeps', async () => {
    const { clock, feeder, posts } = feeding();
    await clock.advance(minuteMs);
    assert.equal(posts[0]?.posts.length, 0);
    assert.deepEqual(clock.sleeping, [Infinity]);
    await feeder.stop();
  });

  it('goes by the next plan at once', async () => {
    const { clock, feeder, posts } = feeding();
    feeder.follow(nothing);
    await clock.advance(minuteMs);
    feeder.follow({ ...aSecond, messagesPerSecond: 100 });
    await clock.advance(1000);
    assert.ok((posts[0]?.posts.length ?? 0) > 50);
    feeder.follow(nothing);
    await clock.advance(0);
    const before = posts[0]?.posts.length;
    await clock.advance(minuteMs);
    assert.equal(posts[0]?.posts.length, before);
    await feeder.stop();
  });

  it('puts a burst into few posts, none above what the agent takes', async () => {
    const { clock, feeder, posts } = feeding();
    feeder.follow({ ...nothing, bytes: [4000, 4000], burst: { messages: 400, everyMs: 1000 } });
    await clock.advance(1000);
    const sizes = posts[0]?.posts.map((lines) => lines.join('\n').length) ?? [];
    assert.ok(sizes.length >= 4);
    assert.ok(Math.max(...sizes) < 1_000_000);
    await feeder.stop();
  });

  it('tries an agent that is down again, ever more seldom, and saves nothing up for it', async () => {
    const { clock, ledger, feeder, posts } = feeding();
    const [post] = posts;
    assert.ok(post);
    const answer = post.answer;
    post.answer = () => Promise.reject(new Error('connect ENOENT'));
    feeder.follow({ ...aSecond, messagesPerSecond: 20 });
    await clock.advance(minuteMs);
    const tries = post.posts.length;
    assert.ok(tries >= 5 && tries < 20, `${tries} posts in a minute`);
    assert.equal(ledger.entries()['one']?.refused['none'], ledger.entries()['one']?.posted);
    post.answer = answer;
    await clock.advance(11_000);
    const entry = ledger.entries()['one'];
    assert.ok(entry && entry.promised > 0 && entry.promised < 250, `${entry?.promised ?? 0} promised`);
    await feeder.stop();
  });

  it('counts other answers by their status, and a 202 for less than all as none', async () => {
    const { clock, ledger, feeder, posts } = feeding();
    const [post] = posts;
    assert.ok(post);
    post.answer = () => Promise.resolve({ status: 503, accepted: 1 });
    feeder.follow(aSecond);
    await clock.advance(10_000);
    post.answer = () => Promise.resolve({ status: 202, accepted: 0 });
    await clock.advance(10_000);
    const entry = ledger.entries()['one'];
    assert.deepEqual(Object.keys(entry?.refused ?? {}), ['503', '202 for less']);
    assert.equal(entry?.promised, 0);
    await feeder.stop();
  });

  it('stops when the post in flight is answered', async () => {
    const { clock, ledger, feeder, posts } = feeding();
    const [post] = posts;
    assert.ok(post);
    let answer: (status: number) => void = () => undefined;
    post.answer = () =>
      new Promise((resolve) => {
        answer = (status) => {
          resolve({ status, accepted: 1 });
        };
      });
    feeder.follow(aSecond);
    await clock.advance(2000);
    let isStopped = false;
    const stopping = feeder.stop().then(() => (isStopped = true));
    await clock.advance(1000);
    assert.equal(isStopped, false);
    answer(202);
    await stopping;
    assert.equal(ledger.entries()['one']?.promised, 1);
    assert.equal(post.isClosed, true);
    assert.deepEqual(clock.sleeping, []);
  });

  it('gives an answer up that does not come while it stops', async () => {
    const { clock, ledger, feeder, posts } = feeding();
    const [post] = posts;
    assert.ok(post);
    post.answer = () => new Promise(() => undefined);
    feeder.follow(aSecond);
    await clock.advance(2000);
    const stopping = feeder.stop();
    await clock.advance(5000);
    await stopping;
    assert.equal(ledger.entries()['one']?.refused['none'], 1);
  });
});
