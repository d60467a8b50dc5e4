import type { StoredDevice } from './device-store.ts';
import type { JsonObject } from './json.ts';

/** What is not in the store. */
export interface DeviceActivity {
  readonly connected: boolean;
  /** How many cloud-to-device messages wait. */
  readonly messages: number;
}

/** A device identity as the service API shows it (protocol.md 8.1). */
export function describeDevice(device: StoredDevice, { connected, messages }: DeviceActivity): JsonObject {
  const { identity } = device;
  return {
    deviceId: identity.deviceId,
    generationId: identity.generationId,
    etag: identity.etag,
    connectionState: connected ? 'Connected' : 'Disconnected',
    status: identity.status,
    statusReason: identity.statusReason,
    statusUpdatedTime: identity.statusUpdatedTime,
    lastActivityTime: device.lastActivityTime ?? '0001-01-01T00:00:00Z',
    cloudToDeviceMessageCount: messages,
    authentication: describeAuthentication(device),
    capabilities: { iotEdge: false },
  };
}

function describeAuthentication({ identity: { authentication } }: StoredDevice): JsonObject {
  const none = { primaryThumbprint: null, secondaryThumbprint: null };
  const noKey = { primaryKey: null, secondaryKey: null };
  switch (authentication.type) {
    case 'sas':
      return { type: 'sas', symmetricKey: { ...authentication.symmetricKey }, x509Thumbprint: none };
    case 'selfSigned': {
      const [primaryThumbprint = null, secondaryThumbprint = null] = authentication.thumbprints;
      return {
        type: 'selfSigned',
        symmetricKey: noKey,
        x509Thumbprint: { primaryThumbprint, secondaryThumbprint },
      };
    }
    case 'certificateAuthority':
      return { type: 'certificateAuthority', symmetricKey: noKey, x509Thumbprint: none };
  }
}
