import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createAgent } from '../../../src/agent.ts';
import { createDeviceCertificate } from '../../../src/certificates/certificate.ts';
import { thumbprintsOf } from '../../../src/certificates/thumbprint.ts';
import { parseConfig } from '../../../src/config/parse.ts';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { LiveConfig } from '../../../src/live-config.ts';
import { realWorld } from '../../../src/world.ts';
import { agentHost, nobodyToAsk, quickRetries } from '../../support/agent.ts';
import { Scratch } from '../../support/scratch.ts';
import { dpsConnections, newKey, simulatorFor } from '../../support/simulator.ts';
import { keepSecret } from '../../support/test-logs.ts';
import { WatchedLog } from '../../support/watched-log.ts';

const hour = 3_600_000;

describe('source manual', () => {
  let scratch: Scratch;
  let simulator: Simulator;

  beforeEach(async () => {
    scratch = new Scratch();
    simulator = await simulatorFor(scratch);
  });

  afterEach(() => scratch.clean());

  it('reaches the hub of a connection string, and never asks DPS', async () => {
    const primaryKey = putDevice('by-string');
    await startAgent([`device_connection_string: ${connectionString('by-string', primaryKey)}`]);
    await arrives('by-string');
    assert.equal(dpsConnections(simulator), 0);
  });

  it('waits for a connection string that comes late, and for the right key in it', async () => {
    const primaryKey = putDevice('late');
    const path = join(await scratch.folder(), 'connection-string');
    const { log } = await startAgent([`device_connection_string: file://${path}`]);
    assert.equal((await log.untilCode('SECRET-UNREADABLE'))['kind'], 'transient');
    await writeFile(path, `${connectionString('late', newKey())}\n`, { mode: 0o600 });
    assert.equal((await log.untilCode('HUB-CONNACK-5'))['kind'], 'rejected');
    await writeFile(path, `${connectionString('late', primaryKey)}\n`, { mode: 0o600 });
    await arrives('late');
    assert.equal(dpsConnections(simulator), 0);
  });

  it('takes another hub from a connection string that is put right, though the wrong one never answered', async () => {
    const primaryKey = putDevice('mistyped');
    const path = join(await scratch.folder(), 'connection-string');
    const right = connectionString('mistyped', primaryKey);
    await writeFile(path, right.replace(/HostName=[^;]*/, 'HostName=nowhere.invalid'), { mode: 0o600 });
    const { log } = await startAgent([`device_connection_string: file://${path}`]);
    await log.untilCode('NET-DNS');
    await writeFile(path, right, { mode: 0o600 });
    await arrives('mistyped');
  });

  it('reaches a hub that knows the certificate, whose name is another one', async () => {
    const now = Date.now();
    const validity = { notBefore: new Date(now - hour), notAfter: new Date(now + hour) };
    const leaf = await createDeviceCertificate({ commonName: 'factory-0815', validity });
    const primaryThumbprint = thumbprintsOf(leaf.certificatePem).sha256;
    simulator.registry.putDevice('by-certificate', {
      authentication: {
        type: 'selfSigned',
        x509Thumbprint: { primaryThumbprint, secondaryThumbprint: primaryThumbprint },
      },
    });
    const folder = await scratch.folder();
    await writeFile(join(folder, 'cert.pem'), leaf.certificatePem);
    await writeFile(join(folder, 'key.pem'), leaf.privateKeyPem, { mode: 0o600 });
    keepSecret(leaf.privateKeyPem.split('\n')[1] ?? '');
    await startAgent([
      'authentication:',
      '  method: x509',
      `  iothub_hostname: ${simulator.hubs[0]?.name ?? ''}`,
      '  device_id: by-certificate',
      `  identity_cert: file://${folder}/cert.pem`,
      `  identity_pk: file://${folder}/key.pem`,
    ]);
    await arrives('by-certificate');
    assert.equal(dpsConnections(simulator), 0);
  });

  function putDevice(deviceId: string): string {
    const primaryKey = newKey();
    const symmetricKey = { primaryKey, secondaryKey: newKey() };
    simulator.registry.putDevice(deviceId, { authentication: { type: 'sas', symmetricKey } });
    return primaryKey;
  }

  function connectionString(deviceId: string, key: string): string {
    return `HostName=${simulator.hubs[0]?.name ?? ''};DeviceId=${deviceId};SharedAccessKey=${key}`;
  }

  async function startAgent(provisioning: readonly string[]): Promise<{ log: WatchedLog }> {
    const text = [
      'provisioning:',
      '  source: manual',
      ...provisioning.map((line) => `  ${line}`),
      `trust_bundle_cert: file://${simulator.caFile}`,
      'telemetry: {inputs: [{name: system, type: system, interval: 1s}]}',
      quickRetries,
    ].join('\n');
    const { config } = parseConfig(text, 'config.yaml');
    const log = new WatchedLog();
    const stopping = new AbortController();
    const state = join(await scratch.folder(), 'state');
    const live = new LiveConfig(config);
    const host = await agentHost(config, log);
    const world = { ...(await realWorld(live, host.log)), runProgram: nobodyToAsk };
    const running = (await createAgent(live, state, world, host)).run(stopping.signal);
    // Told by the clean-up; until then a failure must not end the test's process.
    running.catch(() => undefined);
    scratch.defer(async () => {
      stopping.abort();
      await running;
    });
    return { log };
  }

  async function arrives(device: string): Promise<void> {
    await simulator.messages.waitFor((each) => each.device === device, AbortSignal.timeout(15_000));
  }
});
