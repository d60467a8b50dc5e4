import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CloudError } from '../../../src/cloud-error.ts';
import { initialState, transition } from '../../../src/connection/state.ts';
import type { Context, State } from '../../../src/connection/state.ts';
import { agentStatus, queueReport } from '../../../src/local-api/status.ts';
import type { AgentStatus, StatusParts } from '../../../src/local-api/status.ts';
import type { Assignment } from '../../../src/provisioning/dps-client.ts';
import { someTelemetry } from '../../fakes/telemetry-status.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';
import { someStatus, someUsage } from './some-status.ts';

const context: Context = {
  policy: {
    retry: { initialMs: 1000, maximumMs: 60_000 },
    rejectedRetry: { initialMs: 300_000, maximumMs: 3_600_000 },
    reprovisionAfterFailures: 10,
    reprovisionAfterMs: 900_000,
    reprovisionSpreadMs: 0,
    dynamicReprovisioning: true,
    stableAfterMs: 60_000,
    credentials: ['primary'],
  },
  random: () => 0,
  nowMs: 0,
};
const assignment: Assignment = {
  assignedHub: 'one',
  deviceId: 'd',
  assignedAt: '2025-12-31T00:00:00.000Z',
  trigger: 'requested',
};

function stateWith(cached: Assignment | undefined): State {
  const budget = { tokens: 3, atMs: 0 };
  return initialState({ cached, credential: 'primary', alwaysReprovision: false, budget }, context);
}

function statusIn(
  state: State | undefined,
  clock = new FakeClock(),
  sinceMs = 0,
  over: Partial<StatusParts> = {},
): AgentStatus {
  return agentStatus({
    version: '1.2.3',
    pid: 42,
    startedMs: 0,
    connection: { state, sinceMs },
    source: 'dps',
    credentials: {
      names: ['primary', 'secondary'],
      daysLeft: (name) => (name === 'primary' ? 20 : undefined),
    },
    clockCondition: { state: 'suspect', sinceMs: 0, reason: 'it is behind', offsetMs: 1000 },
    telemetry: someTelemetry,
    wire: { sent: 5000, received: 2000 },
    messages: someStatus.messages,
    tasks: [],
    errors: [],
    usage: someUsage,
    clock,
    ...over,
  });
}

describe('the status', () => {
  it('has all that does not depend on the connection before there is one', () => {
    const since = '2026-01-01T00:00:00.000Z';
    assert.deepEqual(statusIn(undefined), {
      agent: { version: '1.2.3', pid: 42, startedAt: since },
      state: { name: 'starting', since },
      identity: { source: 'dps' },
      certificates: [{ name: 'primary', daysLeft: 20 }],
      clock: { state: 'suspect', reason: 'it is behind', offsetMs: 1000 },
      queue: queueReport(someTelemetry.queue),
      inputs: someTelemetry.inputs,
      telemetry: {
        sent: 12,
        acknowledged: 9,
        refused: someTelemetry.refused,
        budget: someTelemetry.budget,
        wireBytes: { sent: 5000, received: 2000 },
      },
      messages: someStatus.messages,
      tasks: [],
      errors: [],
      resources: someUsage,
    });
  });

  it('has when the oldest message held was made', () => {
    assert.equal(statusIn(undefined).queue.oldestAt, '2026-01-01T00:00:30.000Z');
    const { priorities } = someTelemetry.queue;
    const empty = { high: priorities.high, normal: priorities.high, low: priorities.low };
    assert.equal(queueReport({ ...someTelemetry.queue, priorities: empty }).oldestAt, undefined);
  });

  it('has what failed before, and what is under way, without what it was asked with', () => {
    const at = new Date('2026-01-01T00:00:20Z');
    const firstAt = new Date('2026-01-01T00:00:10Z');
    const error = { code: 'NET-DNS', reason: 'cannot look up one', remedy: 'look', times: 2, firstAt, at };
    const told = {
      correlationId: 'a1',
      command: 'uploadLogs',
      state: 'running' as const,
      createdAt: '2026-01-01T00:00:00.000Z',
    };
    const task = { ...told, progress: { sent: 5 } };
    const { errors, tasks } = statusIn(undefined, new FakeClock(), 0, { errors: [error], tasks: [task] });
    assert.deepEqual(errors, [
      {
        code: 'NET-DNS',
        reason: 'cannot look up one',
        remedy: 'look',
        times: 2,
        firstAt: firstAt.toISOString(),
        lastAt: at.toISOString(),
      },
    ]);
    assert.deepEqual(tasks, [told]);
  });

  it('names hub, device, credential and assignment while connected', () => {
    const connected = transition(stateWith(assignment), { name: 'opened' }, context);
    const { state, identity } = statusIn(connected);
    assert.deepEqual(state, {
      name: 'connected',
      since: '2026-01-01T00:00:00.000Z',
      hub: 'one',
      device: 'd',
    });
    const { assignedAt, trigger } = assignment;
    assert.deepEqual(identity, { source: 'dps', credential: 'primary', assignedAt, trigger });
  });

  it('says while waiting what went wrong, what to do and when it is tried again', () => {
    const error = new CloudError('DPS-DISABLED', 'register d');
    const waiting = transition(stateWith(undefined), { name: 'failed', error }, context);
    const { state } = statusIn(waiting);
    assert.equal(state.name, 'waiting');
    assert.equal(state.code, 'DPS-DISABLED');
    assert.equal(state.reason, 'cannot register d: the enrollment is disabled');
    assert.equal(state.remedy, 'enable the enrollment in DPS; no restart is needed');
    assert.equal(state.next, 'provisioning');
    // Half of three times five minutes: without chance, the jitter leaves half.
    assert.equal(state.nextAttemptAt, '2026-01-01T00:07:30.000Z');
  });

  it('still knows the hub while waiting for it', () => {
    const error = new CloudError('NET-DNS', 'connect to one');
    const waiting = transition(stateWith(assignment), { name: 'failed', error }, context);
    const { state, identity } = statusIn(waiting);
    assert.equal(state.hub, 'one');
    assert.equal(state.next, 'connecting');
    assert.equal(identity.credential, 'primary');
  });

  it('tells times by the clock as it is now, however it has been set since', async () => {
    const clock = new FakeClock();
    await clock.advance(10_000);
    clock.stepWallClock(3_600_000);
    const { agent, state } = statusIn(undefined, clock, 4000);
    assert.equal(agent.startedAt, '2026-01-01T01:00:00.000Z');
    assert.equal(state.since, '2026-01-01T01:00:04.000Z');
  });
});
