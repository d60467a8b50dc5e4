import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { Scratch } from '../support/scratch.ts';
import { crashRun } from './crash-run.ts';
import type { CrashOptions, CrashOutcome } from './crash-run.ts';

/** `CRASH_KILLS=12 CRASH_SEED=7 npm run test:crash`: how often it is killed, and which run is repeated. */
const kills = Number(process.env['CRASH_KILLS'] ?? 100);
const seed = Number(process.env['CRASH_SEED'] ?? Math.floor(Math.random() * 1e9));

describe(`the agent killed ${kills} times while it is fed, with a hub that drops, is silent and restarts`, () => {
  for (const durability of ['always', 'flush'] as const) {
    it(`durability: ${durability}: whatever was answered 202 arrives, and again only as the same message`, async (t) => {
      const { ledger, exitCode, summary } = await run(t, { durability, kills, seed });
      assert.equal(ledger.problems.length, 0, summary);
      assert.equal(ledger.lost.length, 0, summary);
      assert.equal(exitCode, 0, summary);
    });
  }

  it('notices a queue that forgets its files when it is killed', async (t) => {
    const { ledger, summary } = await run(t, { durability: 'always', kills: 3, seed, forget: true });
    assert.ok(ledger.lost.length > 0, summary);
  });
});

async function run(t: TestContext, options: Omit<CrashOptions, 'scratch'>): Promise<CrashOutcome> {
  const scratch = new Scratch();
  t.after(() => scratch.clean());
  const outcome = await crashRun({ scratch, ...options });
  console.log(outcome.summary);
  return outcome;
}
