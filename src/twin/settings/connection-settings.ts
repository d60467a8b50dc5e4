import type { Endpoint } from '../../config/endpoint.ts';
import type { Config } from '../../config/schema.ts';
import type { SecretSource } from '../../config/secret-source.ts';
import { integer, text, word } from './kinds.ts';
import type { Checked } from './kinds.ts';
import { setting } from './setting.ts';
import type { Setting } from './setting.ts';

/** How config.yaml reads these, so that a value means the same in the twin. Their sentences show no secret. */
export interface ConnectionReaders {
  readonly proxy: (text: string) => Checked<SecretSource>;
  readonly endpoint: (text: string) => Checked<Endpoint>;
}

const component = 'connection';

export function connectionSettings(readers: ConnectionReaders): Setting[] {
  return [transport, proxy(readers), keepAlive, endpoint(readers)];
}

const transport = setting({
  component,
  name: 'transport',
  description:
    'MQTT on port 8883 (mqtt), in WebSockets on port 443 (mqtt_ws), or what can be reached (auto).',
  reconnects: true,
  kind: word(['mqtt', 'mqtt_ws', 'auto']),
  read: ({ connection }) => connection.transport,
  apply: (config, wanted) => withConnection(config, { transport: wanted }),
});

const proxy = (readers: ConnectionReaders): Setting =>
  setting({
    component,
    name: 'proxy',
    description:
      'An HTTP proxy on the way to DPS and the hub: http://host:port or http://user:password@host:port. It is kept in the device’s settings file, which only its user may read, and never shown.',
    reconnects: true,
    secret: true,
    kind: text('the URL of a proxy', (value) => problemOf(readers.proxy(value))),
    // Where it stands elsewhere it is still not for the twin.
    read: (config) => (config.proxy === undefined ? undefined : ''),
    apply: (config, wanted) => {
      const read = readers.proxy(wanted);
      return 'value' in read ? { ...config, proxy: read.value } : config;
    },
  });

const keepAlive = setting({
  component,
  name: 'keepAliveSeconds',
  description: 'How often a sign of life is sent when nothing else is.',
  unit: 'second',
  reconnects: true,
  kind: integer(5, 1177),
  read: ({ connection }) => connection.keepAliveMs / 1000,
  apply: (config, seconds) => withConnection(config, { keepAliveMs: seconds * 1000 }),
});

const endpoint = (readers: ConnectionReaders): Setting =>
  setting({
    component,
    name: 'endpoint',
    description: 'The address of the Device Provisioning Service. Another one is asked at once.',
    reconnects: true,
    kind: text('the address of a DPS', (value) => problemOf(readers.endpoint(value))),
    read: ({ provisioning }) => {
      if (provisioning.source !== 'dps') return undefined;
      const { host, port } = provisioning.globalEndpoint;
      return `${host.includes(':') ? `[${host}]` : host}:${port}`;
    },
    apply: (config, wanted) => {
      const { provisioning } = config;
      const read = readers.endpoint(wanted);
      if (provisioning.source !== 'dps' || !('value' in read)) return config;
      return { ...config, provisioning: { ...provisioning, globalEndpoint: read.value } };
    },
    fault: (_, { provisioning }) =>
      provisioning.source === 'dps'
        ? undefined
        : 'endpoint: this device has its hub from its configuration, and asks no DPS',
  });

function withConnection(config: Config, changed: Partial<Config['connection']>): Config {
  return { ...config, connection: { ...config.connection, ...changed } };
}

function problemOf(read: Checked<unknown>): string | undefined {
  return 'problem' in read ? read.problem : undefined;
}
