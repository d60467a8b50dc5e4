import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkPatch } from '../../../../src/simulator/twin-limits.ts';
import { difference } from '../../../../src/twin/reported/difference.ts';
import { isNear } from '../../../../src/twin/reported/nearness.ts';
import { fitted } from '../../../../src/twin/reported/room.ts';
import { reportedSections } from '../../../../src/twin/reported/sections.ts';
import type { DeviceFacts } from '../../../../src/twin/reported/sections.ts';
import { facts } from './facts.ts';

/** As the twin would have it. */
function told(changes: Partial<DeviceFacts> = {}): Record<string, unknown> {
  return fitted(reportedSections(facts(changes)), 32 * 1024);
}

const backlog = {
  high: { messages: 0, bytes: 0, oldestMs: undefined },
  normal: { messages: 1234, bytes: 567_890, oldestMs: Date.parse('2026-01-01T00:30:30Z') },
  low: { messages: 3, bytes: 300, oldestMs: Date.parse('2026-01-01T00:59:59Z') },
};

describe('reportedSections', () => {
  it('tells a device that is well', () => {
    const { deviceInformation } = told();
    assert.deepEqual(told(), {
      deviceInformation,
      agent: {
        __t: 'c',
        version: '0.1.0',
        bootTime: '2025-12-31T22:00:00.000Z',
        startedAt: '2026-01-01T00:00:00.000Z',
      },
      health: { __t: 'c', state: 'connected', since: '2026-01-01T00:00:01.000Z', troubles: [] },
      provisioning: {
        __t: 'c',
        hub: 'hub.example',
        deviceId: 'gateway-01',
        method: 'x509',
        credential: 'primary',
        certificateDaysLeft: 29,
        assignedAt: '2026-01-01T00:00:10.000Z',
        substatus: 'initialAssignment',
        trigger: 'no cached assignment',
      },
      queue: {
        __t: 'c',
        depth: 0,
        bytes: 0,
        byPriority: {
          high: { depth: 0, bytes: 0 },
          normal: { depth: 0, bytes: 0 },
          low: { depth: 0, bytes: 0 },
        },
        dropped: { cap: 0, ttl: 0, disk_full: 0, oversize: 0, corrupt: 0, rejected: 0 },
        storage: 'disk',
      },
      inputs: { __t: 'c', boiler: { state: 'ok' } },
      messages: {
        __t: 'c',
        received: 40,
        handled: 38,
        duplicates: 1,
        expired: 0,
        unmatched: 1,
        failed: 0,
        leftWithHub: 0,
        waiting: 0,
        damaged: 0,
      },
      clock: { __t: 'c', state: 'good', offsetSeconds: 0 },
      resources: {
        __t: 'c',
        cpuShare: 0.02,
        rssBytes: 61_200_000,
        heapUsedBytes: 20_100_000,
        eventLoopDelayMs: 1,
        diskFreeBytes: 12_300_000_000,
        diskBytesWritten: 4_190_000,
        wireBytesSent: 812_000,
        wireBytesReceived: 91_200,
      },
    });
  });

  it('is what IoT Hub takes', () => {
    assert.doesNotThrow(() => {
      checkPatch(JSON.parse(JSON.stringify(told())) as Parameters<typeof checkPatch>[0]);
    });
  });

  it('tells a backlog in two digits, and not what is on its way', () => {
    const { queue } = facts();
    const dropped = {
      ...queue.dropped,
      low: { ...queue.dropped.low, cap: 7 },
      high: { ...queue.dropped.high, cap: 1 },
    };
    assert.deepEqual(told({ queue: { ...queue, priorities: backlog, dropped } })['queue'], {
      __t: 'c',
      depth: 1200,
      bytes: 570_000,
      oldest: '2026-01-01T00:30:00.000Z',
      byPriority: {
        high: { depth: 0, bytes: 0 },
        normal: { depth: 1200, bytes: 570_000 },
        low: { depth: 0, bytes: 0 },
      },
      dropped: { cap: 8, ttl: 0, disk_full: 0, oversize: 0, corrupt: 0, rejected: 0 },
      storage: 'disk',
    });
  });

  it('names what is in the way though the device is connected', () => {
    const { queue } = facts();
    const { health, inputs } = told({
      lastError: { code: 'NET-REFUSED', at: new Date('2026-01-01T00:10:00Z'), remedy: 'look' },
      queue: { ...queue, storage: 'memory', trouble: 'no space left' },
      clock: { state: 'suspect', sinceMs: 0, reason: 'it is behind', offsetMs: 90_400 },
      inputs: [
        { name: 'well', state: 'ok', readings: 1, failures: 0, lastReadingAt: '2026-01-01T00:59:00.000Z' },
        { name: 'quiet', state: 'ok', readings: 1, failures: 0, lastReadingAt: '2026-01-01T00:00:00.000Z' },
        { name: 'ill', state: 'failing', readings: 0, failures: 3, error: 'no such file' },
      ],
    });
    assert.deepEqual(health, {
      __t: 'c',
      state: 'connected',
      since: '2026-01-01T00:00:01.000Z',
      troubles: [
        'the queue is in memory only: no space left',
        'inputs failing: ill',
        'the clock is suspect: it is behind',
      ],
      lastError: { code: 'NET-REFUSED', at: '2026-01-01T00:10:00.000Z', remedy: 'look' },
    });
    assert.deepEqual(inputs, {
      __t: 'c',
      ill: { state: 'failing', error: 'no such file' },
      well: { state: 'ok' },
      quiet: { state: 'ok', lastReadingAt: '2026-01-01T00:00:00.000Z' },
    });
  });

  it('has nothing to say of an idle device, an hour later', () => {
    const later = told({
      now: new Date('2026-01-01T02:00:00.700Z'),
      bootTime: new Date('2025-12-31T22:00:00.650Z'),
      monotonicMs: 7_200_000,
      inputs: [
        {
          name: 'boiler',
          state: 'ok',
          lastReadingAt: '2026-01-01T01:59:30.000Z',
          readings: 120,
          failures: 0,
        },
      ],
      clock: { state: 'good', sinceMs: 0, reason: 'it agrees more or less', offsetMs: -1400 },
      resources: {
        cpuShare: 0.09,
        rssBytes: 65_000_000,
        heapUsedBytes: 26_000_000,
        eventLoopDelayMs: 40,
        diskFreeBytes: 12_000_000_000,
      },
      wire: { sent: 1_400_000, received: 140_000 },
    });
    assert.equal(difference(told(), later, isNear), undefined);
  });

  it('says at once that a message could not be handled, and not each that could', () => {
    const { messages } = facts();
    const handled = told({ messages: { ...messages, received: 45, handled: 43 } });
    assert.equal(difference(told(), handled, isNear), undefined);
    const failed = told({ messages: { ...messages, received: 41, failed: 1 } });
    assert.deepEqual(difference(told(), failed, isNear), { messages: { received: 41, failed: 1 } });
    const waiting = told({ messages: { ...messages, received: 41, waiting: 1 } });
    assert.deepEqual(difference(told(), waiting, isNear), { messages: { received: 41, waiting: 1 } });
  });

  it('tells all figures anew once one of them is worth it', () => {
    const { resources } = facts();
    const patch = difference(
      told(),
      told({
        resources: { ...resources, rssBytes: 90_000_000, diskFreeBytes: 12_340_000_000, cpuShare: 0.05 },
      }),
      isNear,
    );
    assert.deepEqual(patch, { resources: { rssBytes: 90_000_000, cpuShare: 0.05 } });
  });

  it('tells that a backlog is gone, however small it was', () => {
    const { queue } = facts();
    const patch = difference(told({ queue: { ...queue, priorities: backlog } }), told(), isNear);
    assert.deepEqual(patch, {
      queue: { depth: 0, bytes: 0, oldest: null, byPriority: { normal: { depth: 0, bytes: 0 } } },
    });
  });
});
