import type { Schema } from '../settings/kinds.ts';
import type { factSections } from './sections.ts';

type Fields = Readonly<Record<string, Schema>>;

/** Of these the names are not known beforehand, or a model of everybody's describes them. */
type Elsewhere = 'inputs' | 'deviceInformation';

/** The interface of Azure's own that `deviceInformation` follows (protocol.md 7). */
export const deviceInformationId = 'dtmi:azure:DeviceManagement:DeviceInformation;1';

/**
 * What the facts are, by section, in DTDL v2. It has no lists in properties, so that `health.troubles` is not among them,
 * and no component whose properties have any names, so that `inputs` is not.
 */
export const factModel: Readonly<Record<Exclude<(typeof factSections)[number], Elsewhere>, Fields>> = {
  agent: {
    version: 'string',
    bootTime: 'dateTime',
    startedAt: 'dateTime',
    truncated: {
      '@type': 'Map',
      mapKey: { name: 'section', schema: 'string' },
      mapValue: { name: 'count', schema: 'integer' },
    },
  },
  health: {
    state: 'string',
    since: 'dateTime',
    lastError: object({ code: 'string', at: 'dateTime', remedy: 'string' }),
  },
  provisioning: {
    hub: 'string',
    deviceId: 'string',
    method: 'string',
    credential: 'string',
    certificateDaysLeft: 'integer',
    assignedAt: 'dateTime',
    substatus: 'string',
    trigger: 'string',
  },
  queue: {
    depth: 'long',
    bytes: 'long',
    oldest: 'dateTime',
    byPriority: object({ high: held(), normal: held(), low: held() }),
    dropped: object(counted(['cap', 'ttl', 'disk_full', 'oversize', 'corrupt', 'rejected'])),
    storage: 'string',
    trouble: 'string',
  },
  messages: counted([
    'received',
    'handled',
    'duplicates',
    'expired',
    'unmatched',
    'failed',
    'leftWithHub',
    'waiting',
    'damaged',
  ]),
  clock: { state: 'string', reason: 'string', offsetSeconds: 'long' },
  resources: {
    cpuShare: 'double',
    ...counted([
      'rssBytes',
      'heapUsedBytes',
      'eventLoopDelayMs',
      'diskFreeBytes',
      'diskBytesWritten',
      'wireBytesSent',
      'wireBytesReceived',
    ]),
  },
};

function held(): Schema {
  return object({ depth: 'long', bytes: 'long' });
}

function counted(names: readonly string[]): Fields {
  return Object.fromEntries(names.map((name) => [name, 'long']));
}

function object(fields: Fields): Schema {
  return { '@type': 'Object', fields: Object.entries(fields).map(([name, schema]) => ({ name, schema })) };
}
