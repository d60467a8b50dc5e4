import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { ProgressMetrics } from '../../../src/soak/progress-metrics.ts';
import type { Scene } from '../../../src/soak/progress/moment.ts';

/** Two of three agents are heard of, and one thing is wrong. */
const scene: Scene = {
  fleet: {
    members: ['a', 'b', 'c'].map((name) => ({
      ...{ name, unit: name, attestation: 'group', isProxied: false },
      ...{ folder: '/a', configPath: '/a/c', stateDirectory: '/a/s', socketPath: '/a/s/s' },
    })),
    states: new Map(['a', 'b'].map((agent) => [agent, { agent, atMs: 1, state: 'connected' }])),
  },
  ledger: { totals: { promised: 12, delivered: 10, duplicates: 1, outstanding: 2 } },
  act: () => ({
    engine: { underWay: [{ id: 1, kind: 'cut', description: 'cut', startMs: 5, agents: ['a'] }] },
    schedule: { phases: [], occurrences: [] },
  }),
  timeline: { elapsed: () => 61_500, current: 'trouble' },
};

describe('the metrics of a run', () => {
  let metrics: ProgressMetrics;
  const get = (path: string): Promise<Response> => fetch(`http://127.0.0.1:${metrics.port}${path}`);
  beforeEach(async () => {
    metrics = await ProgressMetrics.open(0);
  });
  afterEach(() => metrics.close());

  it('are there before it begins, without a figure', async () => {
    const answer = await get('/metrics');
    assert.equal(answer.status, 200);
    assert.equal((await answer.text()).trim(), '');
  });

  it('tell who is in which state, what is promised and delivered, and what is wrong', async () => {
    metrics.begin(scene);
    const answer = await get('/metrics');
    assert.match(answer.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
    const figures = (await answer.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    assert.deepEqual(figures, [
      'dps_agent_soak_elapsed_seconds 61.5',
      'dps_agent_soak_agents{state="connected"} 2',
      'dps_agent_soak_agents{state="unseen"} 1',
      'dps_agent_soak_faults_under_way{kind="cut"} 1',
      'dps_agent_soak_messages_promised_total 12',
      'dps_agent_soak_messages_delivered_total 10',
      'dps_agent_soak_messages_duplicated_total 1',
      'dps_agent_soak_messages_missing 2',
    ]);
  });

  it('stand nowhere else', async () => {
    assert.equal((await get('/')).status, 404);
  });

  it('say which port cannot be had', async () => {
    await assert.rejects(ProgressMetrics.open(metrics.port), {
      message: `cannot offer metrics at 127.0.0.1, port ${metrics.port}`,
    });
  });
});
