import { CloudError } from '../../../../src/cloud-error.ts';
import type { State } from '../../../../src/connection/state.ts';
import type { DeviceFacts } from '../../../../src/twin/reported/sections.ts';

const history = {
  working: 'primary',
  hubFailures: 0,
  dpsFailures: 0,
  refusals: 0,
  quickLosses: 0,
  askedDps: false,
  otherRefused: false,
  requestOwed: false,
  budget: { tokens: 3, atMs: 0 },
  trigger: 'configured',
} as const satisfies Extract<State, { name: 'waiting' }>['history'];

const assignment = {
  assignedHub: 'hub.example',
  deviceId: 'gateway-01',
  assignedAt: '2026-01-01T00:00:10.000Z',
  substatus: 'initialAssignment',
  trigger: 'no cached assignment',
} as const;

export const connected: State = { name: 'connected', assignment, credential: 'primary', history };

export const waiting: State = {
  name: 'waiting',
  delayMs: 1000,
  reason: new CloudError('NET-REFUSED', 'connect to hub.example'),
  next: 'connecting',
  history,
};

const empty = { messages: 0, bytes: 0, oldestMs: undefined };
const noneDropped = { cap: 0, ttl: 0, disk_full: 0, oversize: 0, corrupt: 0, rejected: 0 };

/** A device that is well, an hour after its start; changed as the test says. */
export function facts(changes: Partial<DeviceFacts> = {}): DeviceFacts {
  return {
    device: {
      __t: 'c',
      manufacturer: 'Raspberry Pi',
      model: 'Raspberry Pi 4',
      swVersion: '0.1.0',
      osName: 'Debian',
      processorArchitecture: 'arm64',
      processorManufacturer: 'ARM',
      totalStorage: 30_000_000,
      totalMemory: 4_000_000,
    },
    version: '0.1.0',
    bootTime: new Date('2025-12-31T22:00:00Z'),
    startedMs: 0,
    connection: { state: connected, sinceMs: 1000 },
    lastError: undefined,
    assignment,
    credential: { name: 'primary', method: 'x509' },
    certificateDaysLeft: 29,
    queue: {
      priorities: { high: empty, normal: empty, low: empty },
      dropped: { high: noneDropped, normal: noneDropped, low: noneDropped },
      storage: 'disk',
      diskBytesWritten: 4_194_304,
    },
    inputs: [
      { name: 'boiler', state: 'ok', lastReadingAt: '2026-01-01T00:59:30.000Z', readings: 60, failures: 0 },
    ],
    messages: {
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
    clock: { state: 'good', sinceMs: 0, reason: 'it agrees', offsetMs: 120 },
    resources: {
      cpuShare: 0.0234,
      rssBytes: 61_234_567,
      heapUsedBytes: 20_123_456,
      eventLoopDelayMs: 1.4,
      diskFreeBytes: 12_345_678_901,
    },
    wire: { sent: 812_345, received: 91_234 },
    now: new Date('2026-01-01T01:00:00Z'),
    monotonicMs: 3_600_000,
    ...changes,
  };
}
