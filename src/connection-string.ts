import { deviceKeyFault, deviceKeyInWords } from './device-key.ts';
import { isHostName } from './lib/host-name.ts';
import { Secret } from './lib/secret.ts';

/** What a device's connection string says: `HostName=…;DeviceId=…;SharedAccessKey=…`. */
export interface DeviceConnectionString {
  /** Host name of the hub, lower case, with its port if one was given. */
  readonly hub: string;
  readonly deviceId: string;
  /** Base64. */
  readonly key: Secret;
}

export const connectionStringInWords =
  "a device's connection string, HostName=…;DeviceId=…;SharedAccessKey=…, as the hub shows it";

/** Reads a connection string, or says what it is instead: a sentence's end that contains nothing of the text. */
export function parseConnectionString(
  text: string,
): { readonly value: DeviceConnectionString } | { readonly fault: string } {
  const parts = new Map<string, string>();
  for (const part of text.trim().replace(/;$/, '').split(';')) {
    const [, name, value] = /^\s*([A-Za-z0-9]+)\s*=(.*)$/s.exec(part) ?? [];
    if (name === undefined || value === undefined) return { fault: notParts };
    if (parts.has(name.toLowerCase())) return { fault: `one with two ${nameOf(name)}` };
    parts.set(name.toLowerCase(), value.trim());
  }
  // A key alone looks like one part, with nothing after its last =.
  return parts.size === 1 ? { fault: notParts } : fromParts(parts);
}

const notParts = 'text that is not NAME=VALUE;NAME=VALUE';

/** A hub's name with an optional port, lower case; `undefined` if it cannot be one. */
export function hubHost(text: string): string | undefined {
  const [, name = '', port] = /^([^:]*)(?::(\d{1,5}))?$/.exec(text) ?? [];
  const isPort = port === undefined || (Number(port) >= 1 && Number(port) <= 65_535);
  return isHostName(name) && isPort ? text.toLowerCase() : undefined;
}

/** protocol.md 2.1; case counts. */
export function isDeviceId(text: string): boolean {
  return /^[A-Za-z0-9.+%_#*?!(),:=@$'-]{1,128}$/.test(text);
}

type Result = ReturnType<typeof parseConnectionString>;

function fromParts(parts: ReadonlyMap<string, string>): Result {
  const strange = [...parts.keys()].find((name) => !knownNames.has(name));
  if (strange !== undefined) return { fault: faultOfStranger(strange) };
  const missing = [...knownNames].find(([name]) => !parts.has(name));
  if (missing !== undefined) return { fault: `one without ${missing[1]}` };

  const hub = hubHost(parts.get('hostname') ?? '');
  if (hub === undefined) return { fault: 'one whose HostName is no host name' };
  const deviceId = parts.get('deviceid') ?? '';
  if (!isDeviceId(deviceId)) return { fault: 'one whose DeviceId no device can have' };
  const key = parts.get('sharedaccesskey') ?? '';
  const fault = deviceKeyFault(key);
  if (fault !== undefined)
    return { fault: `one whose SharedAccessKey is not ${deviceKeyInWords} but ${fault}` };
  return { value: { hub, deviceId, key: new Secret(key) } };
}

const knownNames: ReadonlyMap<string, string> = new Map([
  ['hostname', 'HostName'],
  ['deviceid', 'DeviceId'],
  ['sharedaccesskey', 'SharedAccessKey'],
]);

function nameOf(name: string): string {
  return knownNames.get(name.toLowerCase()) ?? 'of the same name';
}

function faultOfStranger(name: string): string {
  switch (name) {
    case 'sharedaccesskeyname':
      return 'that of a service, with SharedAccessKeyName: copy the one of the device itself';
    case 'moduleid':
      return 'that of a module, with ModuleId: copy the one of the device itself';
    case 'gatewayhostname':
      return 'one with GatewayHostName, and dps-agent connects to the hub itself: remove that part';
    case 'x509':
      return 'one for a certificate: write authentication with method x509 instead';
    default:
      return 'one with a part of another name';
  }
}
