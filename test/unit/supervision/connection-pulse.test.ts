import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CloudError } from '../../../src/cloud-error.ts';
import type { ConnectionStatus } from '../../../src/connection/connection.ts';
import { connectionPulse } from '../../../src/supervision/connection-pulse.ts';
import { statusLine } from '../../../src/supervision/status-line.ts';

const limits = { waitForSyncMs: 60_000, registrationMs: 120_000, connectTimeoutMs: 20_000 };
const history = {
  ...{ working: 'primary', hubFailures: 0, dpsFailures: 0, refusals: 0, quickLosses: 0 },
  ...{
    askedDps: false,
    otherRefused: false,
    requestOwed: false,
    budget: { tokens: 3, atMs: 0 },
    trigger: 'requested',
  },
} as unknown as Extract<ConnectionStatus['state'], { name: 'waiting' }>['history'];
const assignment = { assignedHub: 'hub-a', deviceId: 'dev-1', assignedAt: '2026-01-01T00:00:00Z' };
const atHub = { assignment, credential: 'primary', history } as const;
const reason = new CloudError('NET-REFUSED', 'connect to hub-a');

const cases: [ConnectionStatus['state'], number | undefined, string][] = [
  [undefined, 61_000, 'looking whether the clock is right'],
  [{ name: 'provisioning', credential: 'primary', history }, 121_000, 'learning which hub'],
  [{ name: 'connecting', ...atHub }, 81_000, 'connecting to hub-a as dev-1'],
  [{ name: 'connected', ...atHub }, undefined, 'connected to hub-a as dev-1'],
  [
    { name: 'waiting', delayMs: 5000, reason, next: 'connecting', history },
    6000,
    'waiting before trying the hub again: cannot connect to hub-a',
  ],
  [{ name: 'stopped' }, undefined, 'stopped'],
];

describe('the connection, as systemd sees it', () => {
  for (const [state, dueMs, words] of cases)
    it(`${state?.name ?? 'starting'}: due at ${dueMs ?? 'no time'}, "${words}"`, () => {
      assert.equal(connectionPulse({ state, sinceMs: 1000 }, limits).dueMs, dueMs);
      const none = { messages: 0, bytes: 0, oldestMs: undefined };
      const priorities = { high: { ...none, messages: 2 }, normal: { ...none, messages: 3 }, low: none };
      const line = statusLine({ state }, { priorities }, 'dps');
      assert.ok(line.startsWith(words), line);
      assert.ok(line.endsWith('; messages waiting: 5'), line);
    });
});
