// The simulator as a process of its own, counting what arrives and keeping none of it.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FaultInput } from '../src/simulator/faults.ts';
import type { DeviceMessage } from '../src/simulator/message.ts';
import { startSimulator } from '../src/simulator/simulator.ts';
import { answer } from './child.ts';
import type { Arrived, HubAddress } from './hub.ts';

const dataDirectory = mkdtempSync(join(tmpdir(), 'dps-agent-bench-hub-'));
process.on('exit', () => {
  rmSync(dataDirectory, { recursive: true, force: true });
});
const retryAfterSeconds = Number(process.argv[2]);
const simulator = await startSimulator({ dataDirectory, retryAfterSeconds, maxMessages: 1 });
/** Numbers, since so many strings kept would be the simulator's garbage to collect. */
const seen = new Set<number>();
let arrived = nothing();

simulator.messages.subscribe((message) => {
  const nowMs = performance.timeOrigin + performance.now();
  if (arrived.messages === 0) arrived.firstMs = nowMs;
  arrived.lastMs = nowMs;
  arrived.messages += 1;
  arrived.readings += Array.isArray(message.body) ? message.body.length : 1;
  if (isAgain(message)) arrived.duplicates += 1;
});

answer({
  address: (): HubAddress => ({
    scopeId: simulator.scopeId,
    dps: simulator.dps,
    caFile: simulator.caFile,
    caPem: simulator.caPem,
    hubName: simulator.hubs[0]?.name ?? '',
  }),
  enroll: (registrationId: string): string => {
    const primaryKey = newKey();
    const symmetricKey = { primaryKey, secondaryKey: newKey() };
    simulator.registry.enrollments.put(registrationId, {
      attestation: { type: 'symmetricKey', symmetricKey },
    });
    return primaryKey;
  },
  addDevice: (deviceId: string): string => {
    const primaryKey = newKey();
    const symmetricKey = { primaryKey, secondaryKey: newKey() };
    simulator.registry.putDevice(deviceId, {
      status: 'enabled',
      authentication: { type: 'sas', symmetricKey },
    });
    return primaryKey;
  },
  arrived: () => arrived,
  startCounting: () => {
    seen.clear();
    arrived = nothing();
  },
  addFault: (fault: FaultInput) => {
    simulator.faults.add(fault);
  },
  clearFaults: () => simulator.faults.clear(),
});

function nothing(): { -readonly [Key in keyof Arrived]: number } {
  return { messages: 0, readings: 0, duplicates: 0, firstMs: 0, lastMs: 0 };
}

function isAgain({ applicationProperties }: DeviceMessage): boolean {
  const sequence = applicationProperties['sequence'];
  if (typeof sequence !== 'string') return false;
  const before = seen.size;
  return seen.add(Number(sequence)).size === before;
}

function newKey(): string {
  return randomBytes(32).toString('base64');
}
