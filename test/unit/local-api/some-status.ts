import { queueReport } from '../../../src/local-api/status.ts';
import type { AgentStatus } from '../../../src/local-api/status.ts';
import { noMessages } from '../../../src/messages/counts.ts';
import { someTelemetry } from '../../fakes/telemetry-status.ts';

export const someUsage = {
  cpuShare: 0.012,
  rssBytes: 64_000_000,
  heapUsedBytes: 20_000_000,
  eventLoopDelayMs: 3.4,
  openFiles: 21,
  timers: 13,
};

/** What a healthy agent answers. */
export const someStatus: AgentStatus = {
  agent: { version: '1.2.3', pid: 42, startedAt: '2026-01-01T00:00:00.000Z' },
  state: {
    name: 'connected',
    since: '2026-01-01T00:01:00.000Z',
    hub: 'one.azure-devices.net',
    device: 'gateway',
  },
  identity: {
    source: 'dps',
    credential: 'primary',
    assignedAt: '2025-12-31T00:00:00.000Z',
    trigger: 'requested',
  },
  certificates: [
    { name: 'primary', daysLeft: 20 },
    { name: 'secondary', daysLeft: -1 },
  ],
  clock: { state: 'good', reason: 'it is synchronised, by the kernel' },
  queue: queueReport(someTelemetry.queue),
  inputs: someTelemetry.inputs,
  telemetry: {
    sent: 12,
    acknowledged: 9,
    refused: someTelemetry.refused,
    budget: someTelemetry.budget,
    wireBytes: { sent: 5000, received: 2000 },
  },
  messages: { ...noMessages(), waiting: 0, damaged: 0 },
  tasks: [],
  errors: [],
  resources: someUsage,
};
