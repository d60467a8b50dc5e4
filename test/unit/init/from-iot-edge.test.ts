import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fromIotEdge } from '../../../src/init/from-iot-edge.ts';
import type { TakenOver } from '../../../src/init/from-iot-edge.ts';
import { looksSecret } from '../../../src/config/found.ts';

const key = Buffer.alloc(32, 7).toString('base64');
const connectionString = `HostName=my-hub.azure-devices.net;DeviceId=pump;SharedAccessKey=${key}`;

/** What every file of IoT Edge 1.1 has below its provisioning. */
const rest = (env = '{}'): string => `
agent:
  name: "edgeAgent"
  type: "docker"
  env: ${env}
  config: { image: "mcr.microsoft.com/azureiotedge-agent:1.1", auth: {} }
hostname: "attic"
connect: { management_uri: "unix:///var/run/iotedge/mgmt.sock", workload_uri: "unix:///var/run/iotedge/workload.sock" }
listen: { management_uri: "fd://iotedge.mgmt.socket", workload_uri: "fd://iotedge.socket" }
homedir: "/var/lib/iotedge"
moby_runtime: { uri: "unix:///var/run/docker.sock" }
`;

const dps = (attestation: string, more = ''): string => `
provisioning:
  source: "dps"
  global_endpoint: "https://global.azure-devices-provisioning.net"
  scope_id: "0ne0012ABCD"
  attestation: ${attestation}
${more}`;

const withKey = dps(`{ method: "symmetric_key", registration_id: "pump", symmetric_key: "${key}" }`);

const take = (text: string, path = '/etc/iotedge/config.yaml'): TakenOver =>
  fromIotEdge(text, path, 'system');

describe('a configuration of IoT Edge 1.1', () => {
  it('is taken over with the key of an enrollment', () => {
    const { setup } = take(withKey + rest());
    const { identity, endpoint, proxy, transport } = setup;
    assert.ok(identity.method === 'symmetric_key');
    assert.deepEqual(
      [identity.scopeId, identity.registrationId, identity.key.reveal()],
      ['0ne0012ABCD', 'pump', key],
    );
    assert.deepEqual([endpoint, proxy, transport], [undefined, undefined, undefined]);
  });

  it('is taken over with a certificate', () => {
    const files = 'identity_cert: "file:///srv/pump.pem", identity_pk: "file:///srv/pump.key.pem"';
    const { setup, notes } = take(dps(`{ method: "x509", ${files} }`) + rest());
    assert.deepEqual(setup.identity, {
      ...{ method: 'x509', scopeId: '0ne0012ABCD', registrationId: undefined },
      ...{ certificate: '/srv/pump.pem', privateKey: '/srv/pump.key.pem' },
    });
    assert.ok(
      notes.some((note) => note.includes('/srv/pump.pem') && note.includes('must be able to read them')),
    );
  });

  it('is taken over without DPS, by connection string or certificate', () => {
    const manual = `provisioning: { source: "manual", device_connection_string: "${connectionString}" }\n`;
    const { identity } = take(manual + rest()).setup;
    assert.ok(identity.method === 'connection_string');
    assert.equal(identity.connectionString.reveal(), connectionString);
    const authentication =
      '{ method: "x509", iothub_hostname: "my-hub.azure-devices.net", device_id: "pump", ' +
      'identity_cert: "file:///srv/pump.pem", identity_pk: "file:///srv/pump.key.pem" }';
    const withFiles = take(
      `provisioning: { source: "manual", authentication: ${authentication} }\n${rest()}`,
    );
    assert.deepEqual(withFiles.setup.identity, {
      ...{ method: 'hub_x509', hub: 'my-hub.azure-devices.net', deviceId: 'pump' },
      ...{ certificate: '/srv/pump.pem', privateKey: '/srv/pump.key.pem' },
    });
  });

  it('keeps what it says of other addresses and of moving, and nothing that it does not say', () => {
    const more = '  dynamic_reprovisioning: false\n';
    const text = withKey.replace('global.azure', 'global-cn.azure');
    const { setup, notes } = take(text + more + rest());
    assert.equal(setup.endpoint, 'https://global-cn.azure-devices-provisioning.net');
    assert.deepEqual([setup.dynamicReprovisioning, setup.alwaysReprovisionOnStartup], [false, undefined]);
    assert.ok(
      notes.includes(
        "Where IoT Edge's file says nothing, dps-agent's defaults hold: always_reprovision_on_startup false.",
      ),
    );
  });

  it('keeps the proxy of its agent, and that it spoke in WebSockets', () => {
    const env =
      '{ https_proxy: "http://me:word@proxy:3128", no_proxy: "localhost, .example", UpstreamProtocol: "AmqpWs" }';
    const { setup } = take(withKey + rest(env));
    assert.equal(setup.proxy?.reveal(), 'http://me:word@proxy:3128');
    assert.deepEqual([setup.noProxy, setup.transport], [['localhost', '.example'], 'mqtt_ws']);
  });

  it('has a note for a proxy that cannot be used, without its password', () => {
    const { setup, notes } = take(withKey + rest('{ https_proxy: "https://me:word@proxy:3128" }'));
    assert.equal(setup.proxy, undefined);
    assert.ok(
      notes.some((note) =>
        note.startsWith('agent.env.https_proxy was not taken over, because it is https://'),
      ),
    );
    assert.ok(!notes.join().includes('word@'));
  });

  it('has a note for whatever has no counterpart, and for stopping IoT Edge first', () => {
    const certificates =
      'certificates: { device_ca_cert: "file:///a.pem", trusted_ca_certs: "file:///srv/ca.pem" }\n';
    const { notes } = take(withKey + rest() + certificates);
    const text = notes.join('\n');
    for (const word of [
      'disable --now iotedge',
      'hostname',
      'certificates were',
      'file:///srv/ca.pem',
      'runs no modules',
    ])
      assert.ok(text.includes(word), word);
    assert.match(text, /^connect, listen, homedir and moby_runtime: nothing/m);
    assert.ok(!looksSecret(text));
  });
});

describe('what cannot be taken over', () => {
  it('is a TPM, and that is said with its line', () => {
    assert.throws(() => take(dps('{ method: "tpm", registration_id: "pump" }') + rest()), {
      name: 'ConfigError',
      message:
        /config\.yaml:6:\d+: provisioning\.attestation\.method: "tpm" is not supported: a TPM cannot attest over MQTT/,
    });
  });

  it('is a file with mistakes in it, all of which are named, and no key', () => {
    const text = withKey.replace('0ne0012ABCD', 'my scope').replace(key, key.slice(1));
    assert.throws(
      () => take(text + rest()),
      (error: Error) => {
        assert.match(error.message, /2 problems/);
        assert.ok(!error.message.includes(key.slice(1)));
        return true;
      },
    );
  });

  it('is a config.toml of later versions, whose values make a command line', () => {
    const text = `hostname = "attic"\n\n[provisioning]\nsource = "dps"\nid_scope = "0ne0012ABCD"\n
[provisioning.attestation]\nmethod = "symmetric_key"\nregistration_id = "pump"\nsymmetric_key = { value = "${key}" }\n`;
    assert.throws(
      () => take(text, '/etc/aziot/config.toml'),
      (error: Error) => {
        assert.equal(error.name, 'Refusal');
        assert.match(error.message, /dps-agent init --scope-id 0ne0012ABCD --registration-id pump$/);
        assert.ok(!error.message.includes(key));
        return true;
      },
    );
    assert.throws(() => take(text, 'saved.txt'), /it is a config\.toml/);
  });

  it('is a configuration of dps-agent, which needs no taking over', () => {
    assert.throws(() => take(withKey.replace(`"${key}"`, 'credential:device-key')), /can be used as it is/);
    assert.throws(() => take(withKey.replace('symmetric_key:', 'group_key:')), /can be used as it is/);
  });
});
