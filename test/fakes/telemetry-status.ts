import type { TelemetryStatus } from '../../src/device-telemetry.ts';

const held = { messages: 0, bytes: 0, oldestMs: undefined };
const none = { cap: 0, ttl: 0, disk_full: 0, oversize: 0, corrupt: 0, rejected: 0 };

/** Three messages wait, two were dropped, one input is well and one is not. */
export const someTelemetry: TelemetryStatus = {
  queue: {
    priorities: {
      high: held,
      normal: { messages: 3, bytes: 600, oldestMs: Date.parse('2026-01-01T00:00:30.000Z') },
      low: held,
    },
    dropped: { high: none, normal: none, low: { ...none, cap: 2 } },
    storage: 'disk',
    diskBytesWritten: 4096,
  },
  inputs: [
    { name: 'system', state: 'ok', lastReadingAt: '2026-01-01T00:01:00.000Z', readings: 7, failures: 0 },
    { name: 'boiler', state: 'failing', readings: 0, failures: 4, error: 'cannot read /dev/boiler' },
  ],
  budget: {
    messages: { period: '2026-01-01', used: 12, allowed: 8000 },
    thinned: { high: 0, normal: 0, low: 5 },
  },
  sent: 12,
  acknowledged: 9,
  deliveries: {
    byPriority: {
      high: { sent: 2, acknowledged: 2 },
      normal: { sent: 10, acknowledged: 7 },
      low: { sent: 0, acknowledged: 0 },
    },
    latency: { boundsMs: [50, 100, 1000], within: [4, 8, 9], count: 9, sumMs: 850 },
  },
  refused: { system: { full: 0, oversize: 1, budget: 5 } },
};
