import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Machine } from './machine.ts';

export const device = 'gateway-1';
export const key = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=';
/** Where the simulator is steered and asked. */
export const control = 'http://127.0.0.1:8080';
/** Where the unit is changed for this machine. */
export const dropIns = 'etc/systemd/system/dps-agent.service.d';

export interface Configured {
  /** Of the input `system`. */
  readonly interval?: string;
  /** What systemd calls the device's key. */
  readonly credential?: string;
  /** More inputs, each a line of YAML. */
  readonly inputs?: readonly string[];
  /** More sections, likewise. */
  readonly sections?: readonly string[];
}

export function configure(
  machine: Machine,
  { interval = '2s', credential = 'device-key', inputs = [], sections = [] }: Configured = {},
): void {
  const lines = [
    'provisioning:',
    '  source: dps',
    '  global_endpoint: localhost:8883',
    '  scope_id: 0ne00ABC123',
    `  attestation: { method: symmetric_key, registration_id: ${device}, symmetric_key: 'credential:${credential}' }`,
    'trust_bundle_cert: file:///etc/dps-agent/ca.pem',
    'clock: { wait_for_sync: 0s }',
    ...sections,
    'telemetry:',
    '  inputs:',
    ...[`{ name: system, type: system, interval: ${interval} }`, ...inputs].map((input) => `    - ${input}`),
  ];
  machine.write('etc/dps-agent/config.yaml', `${lines.join('\n')}\n`);
}

/** DPS and hub on the machine itself, with the device enrolled; started again, with what they had. */
export function startSimulator(machine: Machine, dist: string): void {
  machine.write('etc/hosts', '127.0.0.1 localhost\n');
  const attestation = { type: 'symmetricKey', symmetricKey: { primaryKey: key, secondaryKey: key } };
  const enrollments = { [device]: { attestation } };
  machine.write('opt/simulator.yaml', JSON.stringify({ scopeId: '0ne00ABC123', enrollments }));
  machine.write('opt/simulator.cjs', readFileSync(join(dist, 'dps-agent-simulator.cjs')));
  const options =
    '--data /var/lib/simulator --port 8883 --hubs 1 --control-port 8080 --config /opt/simulator.yaml';
  const line = `systemd-run -q --unit=simulator /usr/lib/dps-agent/node /opt/simulator.cjs ${options}`;
  assert.equal(machine.run(line).code, 0);
  machine.run(`for i in $(seq 100); do curl -sf ${control}/simulator/hubs && break; sleep 0.2; done`);
  assert.equal(machine.run('install -m 644 /var/lib/simulator/ca.pem /etc/dps-agent/ca.pem').code, 0);
}
