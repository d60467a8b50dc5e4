import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { currentVersion } from '../config/migrate/migrations.ts';
import type { Secret } from '../lib/secret.ts';
import type { CertificateFiles, FirstInput, Identity, Setup } from './setup.ts';

/** A file to be written. */
export interface PlannedFile {
  readonly path: string;
  readonly content: string;
  readonly isSecret: boolean;
}

/**
 * The configuration, with a comment for each value, and a file for each secret beside it: the configuration itself holds
 * none, so that everybody may read it.
 * @param madeAt stands in its first line
 */
export function plannedFiles(setup: Setup, configPath: string, madeAt: Date): readonly PlannedFile[] {
  const secrets: PlannedFile[] = [];
  const keep: Keep = (name, secret) => {
    const path = join(dirname(configPath), name);
    secrets.push({ path, content: `${secret.reveal()}\n`, isSecret: true });
    return uri(path);
  };
  const content = `${configLines(setup, madeAt, keep).join('\n')}\n`;
  return [...secrets, { path: configPath, content, isSecret: false }];
}

/** Plans the file of a secret, and returns how the configuration refers to it. */
type Keep = (name: string, secret: Secret) => string;

function configLines(setup: Setup, madeAt: Date, keep: Keep): string[] {
  const { endpoint, trustBundle, stateDirectory, proxy, noProxy = [], transport } = setup;
  return [
    `# Configuration of dps-agent, made by "dps-agent init" on ${madeAt.toISOString().slice(0, 10)}.`,
    '# All other keys, with their defaults and what they are for: config.example.yaml. After a change:',
    '# dps-agent config validate',
    '',
    `version: ${currentVersion}`,
    '',
    'provisioning:',
    ...indented([
      ...sourceLines(setup.identity, endpoint),
      ...identityLines(setup.identity, keep),
      ...flagLines(setup),
    ]),
    ...part(trustBundle, (path) => [
      '# An authority that DPS and hub are trusted by, beside the public ones.',
      `trust_bundle_cert: ${uri(path)}`,
    ]),
    ...part(stateDirectory, (path) => [
      '# Where the agent remembers its hub and keeps what is still to be sent.',
      `state_directory: ${scalar(path)}`,
    ]),
    ...part(proxy, (url) => [
      '# The proxy on the way to the cloud; in a file of its own, since there may be a password in it.',
      `proxy: ${keep('proxy-url', url)}`,
    ]),
    ...part(noProxy.length === 0 ? undefined : noProxy, (hosts) => [
      '# Reached without it.',
      `no_proxy: [${hosts.map(scalar).join(', ')}]`,
    ]),
    ...part(transport, (word) => [
      '# MQTT in WebSockets, on port 443.',
      'connection:',
      `  transport: ${word}`,
    ]),
    ...inputLines(setup.input),
  ];
}

function sourceLines(identity: Identity, endpoint: string | undefined): string[] {
  if (!('scopeId' in identity))
    return ['# The hub is the one named here; no DPS is asked.', 'source: manual'];
  return [
    '# The device learns from the Device Provisioning Service which IoT Hub is its own.',
    'source: dps',
    '',
    '# The ID scope, on the overview page of the DPS.',
    `scope_id: ${scalar(identity.scopeId)}`,
    ...part(endpoint, (address) => ['# Not the DPS of public Azure.', `global_endpoint: ${scalar(address)}`]),
  ];
}

function identityLines(identity: Identity, keep: Keep): string[] {
  switch (identity.method) {
    case 'symmetric_key':
      return [
        '',
        'attestation:',
        '  method: symmetric_key',
        '  # The name under which it registers.',
        `  registration_id: ${scalar(identity.registrationId)}`,
        '  # In a file of its own, which is read anew each time: a key that was replaced needs no restart.',
        `  symmetric_key: ${keep('device-key', identity.key)}`,
      ];
    case 'x509':
      return [
        '',
        'attestation:',
        '  method: x509',
        ...part(identity.registrationId, (id) => [`  registration_id: ${scalar(id)}`]).slice(1),
        ...indented(certificateLines(identity, keep)),
      ];
    case 'connection_string':
      return [
        '# In a file of its own, since it holds the key.',
        `device_connection_string: ${keep('connection-string', identity.connectionString)}`,
      ];
    case 'hub_x509':
      return [
        'authentication:',
        '  method: x509',
        `  iothub_hostname: ${scalar(identity.hub)}`,
        `  device_id: ${scalar(identity.deviceId)}`,
        ...indented(certificateLines(identity, keep)),
      ];
  }
}

function certificateLines({ certificate, privateKey, passphrase }: CertificateFiles, keep: Keep): string[] {
  return [
    '# Both are read anew when they are replaced.',
    `identity_cert: ${uri(certificate)}`,
    `identity_pk: ${uri(privateKey)}`,
    ...(passphrase === undefined
      ? []
      : [`identity_pk_passphrase: ${keep('identity-pk-passphrase', passphrase)}`]),
  ];
}

function flagLines({ dynamicReprovisioning, alwaysReprovisionOnStartup }: Setup): string[] {
  return [
    ...part(dynamicReprovisioning, (value) => [
      '# Whether DPS is asked again after many failures, too, and not only when the hub refuses the device.',
      `dynamic_reprovisioning: ${value}`,
    ]),
    ...part(alwaysReprovisionOnStartup, (value) => [
      '# Whether DPS is asked at every start.',
      `always_reprovision_on_startup: ${value}`,
    ]),
  ];
}

function inputLines(input: FirstInput): string[] {
  switch (input) {
    case 'none':
      return [
        '',
        'telemetry:',
        '  # Nothing is measured yet: docs/inputs.md says what can be.',
        '  inputs: []',
      ];
    case 'system':
      return [
        '',
        'telemetry:',
        '  inputs:',
        '    # The gateway’s own health.',
        '    - name: system',
        '      type: system',
        '      interval: 60s',
      ];
    case 'socket':
      return [
        '',
        'telemetry:',
        '  inputs:',
        '    # What other programs of this machine post to the agent’s socket (docs/local-api.md).',
        '    - name: posted',
        '      type: socket',
      ];
  }
}

/** An empty line and what follows it, or nothing. */
function part<T>(value: T | undefined, lines: (value: T) => readonly string[]): string[] {
  return value === undefined ? [] : ['', ...lines(value)];
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => (line === '' ? '' : `  ${line}`));
}

function uri(path: string): string {
  return scalar(pathToFileURL(path).href);
}

/** Plain where YAML cannot take it for anything but text, else in double quotes, which are JSON's. */
function scalar(text: string): string {
  return /^[A-Za-z_/][\w./+@%=-]*(:[\w./+@%=-]+)*$/.test(text) &&
    !/^(true|false|null|yes|no|on|off)$/i.test(text)
    ? text
    : JSON.stringify(text);
}
