import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createAgent } from '../../../src/agent.ts';
import { createAuthority, createDeviceCertificate } from '../../../src/certificates/certificate.ts';
import { thumbprintsOf } from '../../../src/certificates/thumbprint.ts';
import { parseConfig } from '../../../src/config/parse.ts';
import { Secret } from '../../../src/lib/secret.ts';
import { deriveDeviceKey } from '../../../src/provisioning/derive-device-key.ts';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { LiveConfig } from '../../../src/live-config.ts';
import { realWorld } from '../../../src/world.ts';
import { agentHost, nobodyToAsk } from '../../support/agent.ts';
import { certificateFiles, validNow } from '../../support/certificate-files.ts';
import { proxyFor } from '../../support/proxy.ts';
import { Scratch } from '../../support/scratch.ts';
import { newKey, putKeyEnrollment, simulatorFor } from '../../support/simulator.ts';
import { keepSecret } from '../../support/test-logs.ts';
import { WatchedLog } from '../../support/watched-log.ts';

interface Ground {
  readonly scratch: Scratch;
  readonly simulator: Simulator;
  readonly device: string;
}

/** Prepares the service, and returns the lines of `provisioning:`. */
type WayIn = (ground: Ground) => Promise<readonly string[]>;

const dps = ({ simulator: { dps: address, scopeId } }: Ground, ...attestation: string[]): string[] => [
  'source: dps',
  `global_endpoint: ${address.host}:${address.port}`,
  `scope_id: ${scopeId}`,
  'attestation:',
  ...attestation.map((line) => `  ${line}`),
];

const byFiles = ({ certificate, privateKey }: { certificate: string; privateKey: string }): string[] => [
  'method: x509',
  `identity_cert: file://${certificate}`,
  `identity_pk: file://${privateKey}`,
];

/** Rows of the table in docs/provisioning.md. */
const waysIn: Readonly<Record<string, WayIn>> = {
  'dps, symmetric key': (ground) => {
    const key = newKey();
    putKeyEnrollment(ground.simulator, ground.device, key);
    const { device } = ground;
    return Promise.resolve(
      dps(ground, 'method: symmetric_key', `registration_id: ${device}`, `symmetric_key: ${key}`),
    );
  },
  'dps, group key': (ground) => {
    const { simulator, device } = ground;
    const key = newKey();
    const symmetricKey = { primaryKey: key, secondaryKey: newKey() };
    simulator.registry.enrollmentGroups.put('fleet', { attestation: { type: 'symmetricKey', symmetricKey } });
    keepSecret(deriveDeviceKey(new Secret(key), device).reveal());
    return Promise.resolve(
      dps(ground, 'method: symmetric_key', `registration_id: ${device}`, `group_key: ${key}`),
    );
  },
  'dps, X.509 self-signed': async (ground) => {
    const { scratch, simulator, device } = ground;
    const leaf = await createDeviceCertificate({ commonName: device, validity: validNow() });
    simulator.registry.enrollments.put(device, {
      attestation: {
        type: 'x509',
        x509: { clientCertificates: { primary: { certificate: leaf.certificatePem } } },
      },
    });
    return dps(ground, ...byFiles(await certificateFiles(scratch, leaf)));
  },
  'dps, X.509 with intermediate': async (ground) => {
    const { scratch, simulator, device } = ground;
    const validity = validNow();
    const root = await createAuthority({ commonName: 'root', validity });
    const between = await createAuthority({ commonName: 'between', validity, issuer: root });
    const leaf = await createDeviceCertificate({ commonName: device, validity, issuer: between });
    simulator.registry.enrollmentGroups.put('certified', {
      attestation: {
        type: 'x509',
        x509: { signingCertificates: { primary: { certificate: root.certificatePem } } },
      },
    });
    return dps(ground, ...byFiles(await certificateFiles(scratch, leaf, [between])));
  },
  'manual, connection string': ({ simulator, device }) => {
    const primaryKey = newKey();
    const symmetricKey = { primaryKey, secondaryKey: newKey() };
    simulator.registry.putDevice(device, { authentication: { type: 'sas', symmetricKey } });
    const text = `HostName=${simulator.hubs[0]?.name ?? ''};DeviceId=${device};SharedAccessKey=${primaryKey}`;
    return Promise.resolve(['source: manual', `device_connection_string: "${text}"`]);
  },
  'manual, X.509': async ({ scratch, simulator, device }) => {
    const leaf = await createDeviceCertificate({ commonName: device, validity: validNow() });
    const { sha256 } = thumbprintsOf(leaf.certificatePem);
    const x509Thumbprint = { primaryThumbprint: sha256, secondaryThumbprint: sha256 };
    simulator.registry.putDevice(device, { authentication: { type: 'selfSigned', x509Thumbprint } });
    const files = byFiles(await certificateFiles(scratch, leaf));
    return [
      'source: manual',
      'authentication:',
      ...files.map((line) => `  ${line}`),
      `  iothub_hostname: ${simulator.hubs[0]?.name ?? ''}`,
      `  device_id: ${device}`,
    ];
  },
};

/** Columns of the table. */
const transports = {
  mqtt: { transport: 'mqtt', viaProxy: false },
  mqtt_ws: { transport: 'mqtt_ws', viaProxy: false },
  'mqtt via proxy': { transport: 'mqtt', viaProxy: true },
  'mqtt_ws via proxy': { transport: 'mqtt_ws', viaProxy: true },
} as const;

describe('every way in over every transport', { concurrency: 3 }, () => {
  for (const [wayIn, prepare] of Object.entries(waysIn)) {
    for (const [name, { transport, viaProxy }] of Object.entries(transports)) {
      it(`${wayIn} × ${name}`, async (t) => {
        const scratch = new Scratch();
        t.after(() => scratch.clean());
        const ground = { scratch, simulator: await simulatorFor(scratch), device: 'gateway' };
        const proxy = viaProxy ? await proxyFor(scratch, { credentials: 'field:engineer' }) : undefined;
        const lines = await prepare(ground);
        const text = [
          'provisioning:',
          ...lines.map((line) => `  ${line}`),
          `trust_bundle_cert: file://${ground.simulator.caFile}`,
          `connection: {transport: ${transport}}`,
          'clock: {wait_for_sync: 0}',
          ...(proxy === undefined
            ? []
            : [`proxy: http://field:engineer@127.0.0.1:${proxy.port}`, 'no_proxy: []']),
        ].join('\n');
        await run(scratch, text);
        const { device } = await ground.simulator.messages.waitFor(() => true, AbortSignal.timeout(20_000));
        assert.equal(device, 'gateway');
        const throughProxy = proxy?.tunnels.length ?? 0;
        assert.equal(throughProxy, viaProxy ? ground.simulator.connections.history().length : 0);
      });
    }
  }

  it('is what docs/provisioning.md says', async () => {
    const page = join(import.meta.dirname, '..', '..', '..', 'docs', 'provisioning.md');
    const text = (await readFile(page, 'utf8')).replace(/ +\|/g, ' |');
    const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
    assert.ok(text.includes(row(['source, attestation', ...Object.keys(transports)])));
    for (const wayIn of Object.keys(waysIn)) {
      assert.ok(text.includes(row([wayIn, ...Object.keys(transports).map(() => 'yes')])), wayIn);
    }
  });
});

async function run(scratch: Scratch, text: string): Promise<void> {
  const { config } = parseConfig(text, 'config.yaml');
  const log = new WatchedLog();
  const stopping = new AbortController();
  const live = new LiveConfig(config);
  const host = await agentHost(config, log);
  const world = { ...(await realWorld(live, host.log)), runProgram: nobodyToAsk };
  const running = (await createAgent(live, join(await scratch.folder(), 'state'), world, host)).run(
    stopping.signal,
  );
  running.catch(() => undefined);
  scratch.defer(async () => {
    stopping.abort();
    await running;
  });
}
