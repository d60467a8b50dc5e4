import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { statusText } from '../../../src/cli/status-text.ts';
import type { AgentStatus } from '../../../src/local-api/status.ts';
import { someStatus } from '../local-api/some-status.ts';

const now = new Date('2026-01-01T00:02:00Z');

const textOf = (over: Partial<AgentStatus> = {}): string => statusText({ ...someStatus, ...over }, now);

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
        'queue       messages waiting: 3, dropped: 2 (cap)',
        'input       system: ok, last reading 60 s ago',
        'input       boiler: failing: cannot read /dev/boiler',
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

  it('leaves out what is not known yet', () => {
    const text = textOf({
      state: { name: 'starting', since: '2026-01-01T00:01:50.000Z' },
      identity: { source: 'dps' },
      certificates: [],
      queue: { ...someStatus.queue, depth: 0, dropped: {} },
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
});
