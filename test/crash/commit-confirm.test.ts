import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import type { JsonObject } from '../../src/simulator/json.ts';
import { seededRandom, whole } from '../fakes/seeded-random.ts';
import { startAgentProcess } from '../support/agent-process.ts';
import type { AgentOptions } from '../support/agent.ts';
import { proxyFor } from '../support/proxy.ts';
import { SteeredAgent } from '../support/steered-agent.ts';
import type { Steerable } from '../support/steered-agent.ts';
import { unusedPort } from '../support/unused-port.ts';
import { pass } from './pass.ts';

/** `CRASH_SEED=7 npm run test:crash` repeats a run. */
const seed = Number(process.env['CRASH_SEED'] ?? Math.floor(Math.random() * 1e9));

describe(
  `settings of the connection on trial, and the agent killed in the middle (seed ${seed})`,
  { concurrency: 2 },
  () => {
    it('a proxy that does not exist: killed while it is tried, the next life takes it back', async (t) => {
      const agent = await start(t);
      agent.desire(await badProxy());
      await agent.untilAcknowledged('proxy', 202);
      await agent.untilLogged('PROXY-UNREACHABLE');
      await agent.restart();
      await agent.untilLogged('PROXY-UNREACHABLE');
      assert.match((await agent.untilAcknowledged('proxy', 500)).ad, /not connected within 5s/);
      await agent.untilTelemetryIsWhole();
      assert.equal(agent.registrations, 1);
    });

    it('killed again and again while it is tried: the trial is over, and the agent at its hub', async (t) => {
      const agent = await start(t);
      agent.desire({ ...(await badProxy()), settings: { confirmSeconds: 600 } });
      await agent.untilAcknowledged('proxy', 202);
      for (let life = 1; life <= 2; life += 1) {
        await agent.untilLogged('PROXY-UNREACHABLE');
        await agent.restart();
      }
      assert.match((await agent.untilAcknowledged('proxy', 500)).ad, /^reverted: /);
      await agent.untilTelemetryIsWhole();
    });

    it('an endpoint where nobody answers: likewise, and DPS is not asked for the way back', async (t) => {
      const agent = await start(t);
      agent.desire({
        settings: { confirmSeconds: 5 },
        connection: { endpoint: `127.0.0.1:${await unusedPort()}` },
      });
      await agent.untilAcknowledged('endpoint', 202);
      await agent.untilLogged('NET-REFUSED');
      await agent.restart();
      await agent.untilAcknowledged('endpoint', 500);
      await agent.untilTelemetryIsWhole();
      assert.equal(agent.registrations, 1);
    });

    const random = seededRandom(seed);
    for (const round of [1, 2, 3, 4]) {
      const delayMs = whole(random, 400);
      it(`good settings, killed ${delayMs} ms after they were asked for (round ${round}): in force in the end`, async (t) => {
        const agent = await start(t);
        const proxy = await proxyFor(agent.scratch);
        agent.desire({
          settings: { confirmSeconds: 60 },
          connection: { proxy: `http://127.0.0.1:${proxy.port}`, keepAliveSeconds: 40 },
        });
        await pass(delayMs);
        await agent.restart();
        await agent.untilAcknowledged('proxy', 200);
        await agent.untilTelemetryIsWhole();
        assert.equal(agent.lastSession?.keepAlive, 40);
        assert.equal(proxy.open(), 1);
      });
    }

    for (const round of [1, 2, 3]) {
      const delays = Array.from({ length: 4 }, () => whole(random, 2500));
      it(`a bad proxy, killed after ${delays.join(', ')} ms (round ${round}): taken back in the end`, async (t) => {
        const agent = await start(t);
        agent.desire(await badProxy());
        for (const delayMs of delays) {
          await pass(delayMs);
          await agent.restart();
        }
        await agent.untilAcknowledged('proxy', 500);
        await agent.untilTelemetryIsWhole();
        assert.equal(agent.registrations, 1);
      });
    }
  },
);

async function badProxy(): Promise<JsonObject> {
  const proxy = `http://127.0.0.1:${await unusedPort()}`;
  return { settings: { confirmSeconds: 5 }, connection: { proxy } };
}

/** Whatever was taken from an input is on the disk at once, so that a kill takes nothing with it. */
function start(t: TestContext): Promise<SteeredAgent> {
  return SteeredAgent.start(t, { start: startProcess, queue: 'durability: always' });
}

/** The built program; it is not asked to stop, but killed. */
async function startProcess(options: AgentOptions): Promise<Steerable> {
  const { log, child, exited } = await startAgentProcess(options);
  return {
    log,
    stop: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
