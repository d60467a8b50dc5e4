// The simulator, with one enrollment group for everybody, on behalf of bench/fleet-hub.ts.
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSimulator } from '../src/simulator/simulator.ts';
import { answer } from './child.ts';
import type { FleetAddress, FleetTraffic } from './fleet-hub.ts';

const dataDirectory = await mkdtemp(join(tmpdir(), 'dps-agent-fleet-hub-'));
process.on('exit', () => {
  rmSync(dataDirectory, { recursive: true, force: true });
});
const simulator = await startSimulator({ dataDirectory, maxMessages: 1 });
const [primaryKey, secondaryKey] = [newKey(), newKey()];
simulator.registry.enrollmentGroups.put('fleet', {
  attestation: { type: 'symmetricKey', symmetricKey: { primaryKey, secondaryKey } },
});
const senders = new Set<string>();
let messages = 0;
simulator.messages.subscribe(({ device }) => {
  messages += 1;
  senders.add(device);
});

answer({
  address: (): FleetAddress => ({
    scopeId: simulator.scopeId,
    endpoint: `${simulator.dps.host}:${simulator.dps.port}`,
    caFile: simulator.caFile,
    groupKey: primaryKey,
  }),
  traffic: (): FleetTraffic => ({ messages, senders: senders.size }),
});

function newKey(): string {
  return randomBytes(32).toString('base64');
}
