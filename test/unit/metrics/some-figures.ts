import type { Figures } from '../../../src/metrics/figures.ts';
import { someTelemetry } from '../../fakes/telemetry-status.ts';

/** What there is to be told of a healthy agent. */
export const someFigures: Figures = {
  now: new Date('2026-01-01T00:02:00.000Z'),
  build: { version: '1.2.3', node: 'v20.19.0' },
  connection: {
    state: 'connected',
    msIn: { starting: 100, provisioning: 2000, connecting: 900, connected: 117_000, waiting: 0, stopped: 0 },
    sessions: 2,
    reconnects: { 'NET-RESET': 1 },
    registrations: { assigned: 1, 'DPS-401': 2 },
    attempts: { opened: 2, 'NET-TIMEOUT': 3 },
  },
  certificates: [
    { name: 'primary', daysLeft: 20 },
    { name: 'secondary', daysLeft: -1 },
  ],
  clock: { state: 'good', offsetMs: -250 },
  telemetry: someTelemetry,
  wire: { sent: 5000, received: 2000 },
  messages: {
    ...{ received: 6, handled: 3, duplicates: 1, expired: 1, unmatched: 0, failed: 1, leftWithHub: 0 },
    ...{ waiting: 2, damaged: 0 },
  },
  methods: [{ method: 'ping', status: 200, count: 4 }],
  settings: { applied: 3, trying: 1, refused: 2, failed: 0 },
  process: {
    startedAt: new Date('2026-01-01T00:00:00.000Z'),
    cpuMs: 1500,
    rssBytes: 60_000_000,
    heapUsedBytes: 9_000_000,
    eventLoopDelayMs: 1.5,
  },
};
