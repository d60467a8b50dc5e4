import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { painter } from '../../../src/cli/colour.ts';
import { statusText } from '../../../src/cli/status-text.ts';
import type { AgentStatus } from '../../../src/local-api/status.ts';
import { someStatus } from '../local-api/some-status.ts';

const now = new Date('2026-01-01T00:02:00Z');

const textOf = (over: Partial<AgentStatus> = {}): string =>
  statusText({ ...someStatus, ...over }, now, painter({ isTTY: false }));

describe('the status in words', () => {
  it('is one line a fact', () => {
    assert.equal(
      textOf(),
      [
        'agent       1.2.3, process 42, running for 2 min',
        'state       connected for 60 s, since 2026-01-01T00:01:00.000Z',
        'hub         one.azure-devices.net',
        'device      gateway',
        'assigned    by DPS 24 h ago, because of: requested',
        'credential  primary, its certificate’s days left: 20',
        '            secondary, its certificate has expired',
        'clock       good: it is synchronised, by the kernel',
        'queue       messages waiting: 3, the oldest 90 s old, dropped: 2 (cap)',
        'telemetry   messages sent: 12, acknowledged by the hub: 9',
        'input       system: ok, last reading 60 s ago',
        'input       boiler: failing: cannot read /dev/boiler',
        'uses        1.2 % of a processor, 64 MB of memory, open files: 21, event loop late by 3 ms',
        '',
      ].join('\n'),
    );
  });

  it('says while waiting what is in the way, and what to do', () => {
    const text = textOf({
      state: {
        name: 'waiting',
        since: '2026-01-01T00:01:50.000Z',
        code: 'DPS-DISABLED',
        reason: 'cannot register d: the enrollment is disabled',
        remedy: 'enable the enrollment',
        nextAttemptAt: '2026-01-01T00:09:00.000Z',
        next: 'provisioning',
      },
    });
    assert.match(text, /^state +waiting before the next attempt for 10 s, since /m);
    assert.match(text, /^error +cannot register d: the enrollment is disabled \[DPS-DISABLED\]$/m);
    assert.match(text, /^remedy +enable the enrollment$/m);
    assert.match(text, /^next +asking DPS in 7 min$/m);
    assert.doesNotMatch(text, /^hub/m);
  });

  it('does not tell a device that asks no DPS of asking it', () => {
    const text = textOf({
      identity: { ...someStatus.identity, source: 'manual' },
      state: {
        name: 'waiting',
        since: '2026-01-01T00:01:50.000Z',
        code: 'HUB-CONNACK-5',
        reason: 'cannot connect to hub-a as d: the hub does not authorize this device',
        remedy: 'check the device',
        nextAttemptAt: '2026-01-01T00:09:00.000Z',
        next: 'provisioning',
      },
    });
    assert.match(text, /^next +trying the hub again in 7 min$/m);
  });

  it('leaves out what is not known yet', () => {
    const text = textOf({
      state: { name: 'starting', since: '2026-01-01T00:01:50.000Z' },
      identity: { source: 'dps' },
      certificates: [],
      queue: { ...someStatus.queue, depth: 0, oldestAt: undefined, dropped: {} },
      inputs: [],
    });
    assert.match(text, /^assigned +not yet$/m);
    assert.match(text, /^queue +messages waiting: 0, dropped: none$/m);
    assert.doesNotMatch(text, /undefined|credential/);
  });

  it('names the configuration as the source of a manual identity, and a clock’s offset', () => {
    const text = textOf({
      identity: { source: 'manual', credential: 'primary' },
      certificates: [],
      clock: { state: 'suspect', reason: 'it is behind', offsetMs: 7_200_000 },
    });
    assert.match(text, /^assigned +by the configuration$/m);
    assert.match(text, /^credential +primary$/m);
    assert.match(text, /^clock +suspect: it is behind \(2 h behind\)$/m);
  });

  it('says what failed before, how often and what helps, the last five ways of it', () => {
    const error = {
      code: 'NET-DNS',
      reason: 'cannot look up one',
      remedy: 'check the name server',
      times: 3,
      firstAt: '2026-01-01T00:00:00.000Z',
      lastAt: '2026-01-01T00:01:30.000Z',
    };
    const text = textOf({ errors: [error, ...Array.from({ length: 6 }, () => ({ ...error, times: 1 }))] });
    assert.match(
      text,
      /^past +3 times, first 2 min ago, last 30 s ago: cannot look up one \[NET-DNS\] – check the name server$/m,
    );
    assert.match(text, /^past +30 s ago: cannot look up one/m);
    assert.equal(text.match(/^past/gm)?.length, 5);
  });

  it('says which tasks are under way, and what became of messages from the cloud', () => {
    const task = {
      correlationId: 'a1',
      command: 'uploadLogs',
      state: 'running' as const,
      createdAt: '2026-01-01T00:01:50.000Z',
    };
    const messages = { ...someStatus.messages, received: 4, handled: 2, waiting: 1, failed: 1 };
    const text = textOf({ tasks: [task], messages });
    assert.match(text, /^task +uploadLogs: running, asked for 10 s ago \(a1\)$/m);
    assert.match(text, /^messages +received: 4, handled: 2, waiting: 1, failed: 1$/m);
  });

  it('marks on a terminal what is well and what is not', () => {
    const paint = painter({ isTTY: true }, { TERM: 'xterm' });
    const text = statusText(someStatus, now, paint);
    assert.ok(text.includes(paint.ok('system: ok, last reading 60 s ago')));
    assert.ok(text.includes(paint.error('boiler: failing: cannot read /dev/boiler')));
  });
});
