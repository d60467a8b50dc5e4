import { extname } from 'node:path';
import { isMapping, listed } from '../config/found.ts';
import { parseConfig } from '../config/parse.ts';
import type { LoadedConfig } from '../config/parse.ts';
import { proxyFault } from '../config/proxy.ts';
import type { Config } from '../config/schema.ts';
import type { SecretSource } from '../config/secret-source.ts';
import { readYaml } from '../config/yaml.ts';
import { Secret } from '../lib/secret.ts';
import { Refusal } from './refusal.ts';
import type { CertificateFiles, FirstInput, Identity, Setup } from './setup.ts';

export interface TakenOver {
  readonly setup: Setup;
  /** What has no counterpart, or has to be done besides, each a sentence or two. */
  readonly notes: readonly string[];
}

/**
 * Reads the config.yaml of IoT Edge 1.1 (protocol.md 10.1). Throws ConfigProblems with every line that is wrong, among
 * them a TPM, and a Refusal for what is no such file.
 * @param path its name in messages
 */
export function fromIotEdge(text: string, path: string, input: FirstInput): TakenOver {
  refuseToml(text, path);
  const loaded = parseConfig(text, path);
  const { content } = readYaml(text, path);
  const identity = identityOf(loaded.config, path);
  const environment = agentEnvironment(content);
  const proxy = proxyOf(environment);
  const noProxy = environment.get('no_proxy');
  const setup: Setup = {
    identity,
    input,
    endpoint: endpointOf(loaded),
    trustBundle: loaded.config.trustBundleCert,
    proxy: proxy.url,
    noProxy: noProxy === undefined ? undefined : hostsIn(noProxy),
    transport: /ws$/i.test(environment.get('upstreamprotocol') ?? '') ? 'mqtt_ws' : undefined,
    ...reprovisioningOf(loaded),
  };
  return { setup, notes: [...proxy.notes, ...notesOn(content, identity), ...flagNotes(setup)] };
}

/** aziot-edge's files look different and are in other places (protocol.md 10.2). */
function refuseToml(text: string, path: string): void {
  if (extname(path) !== '.toml' && !/^\s*\[(provisioning|aziot_keys|agent)\b[\w.]*\]/m.test(text)) return;
  const value = (key: string): string | undefined =>
    new RegExp(String.raw`^\s*${key}\s*=\s*["']([\w.:-]+)["']`, 'm').exec(text)?.[1];
  const options = Object.entries({ id_scope: '--scope-id', registration_id: '--registration-id' }).flatMap(
    ([key, option]) => (value(key) === undefined ? [] : [`${option} ${String(value(key))}`]),
  );
  throw new Refusal(
    `cannot take over ${path}: it is a config.toml, as IoT Edge 1.2 and later have it, which keeps keys in a service of ` +
      `their own; only the config.yaml of IoT Edge 1.1 can be read. What it says can be given as options instead: ` +
      ['dps-agent init', ...options].join(' '),
  );
}

function identityOf({ provisioning }: Config, path: string): Identity {
  if (provisioning.source === 'dps') {
    const { scopeId, attestation } = provisioning;
    if (attestation.method === 'symmetric_key') {
      const { registrationId, keys } = attestation;
      if (keys.kind === 'group' || keys.secondary !== undefined)
        throw notOfIotEdge(path, 'group_key or a second key');
      return { method: 'symmetric_key', scopeId, registrationId, key: plain(keys.primary, path) };
    }
    const { registrationId, primary, secondary } = attestation;
    if (primary.kind === 'est' || secondary !== undefined)
      throw notOfIotEdge(path, 'EST or a second certificate');
    return { method: 'x509', scopeId, registrationId, ...filesOf(primary, path) };
  }
  const { attestation } = provisioning;
  if (attestation.method === 'connection_string')
    return { method: 'connection_string', connectionString: plain(attestation.connectionString, path) };
  const { hub, deviceId, primary } = attestation;
  return { method: 'hub_x509', hub, deviceId, ...filesOf(primary, path) };
}

function filesOf(
  {
    certificate,
    privateKey,
    passphrase,
  }: { certificate: string; privateKey: string; passphrase?: SecretSource },
  path: string,
): CertificateFiles {
  return {
    certificate,
    privateKey,
    ...(passphrase === undefined ? {} : { passphrase: plain(passphrase, path) }),
  };
}

function plain(source: SecretSource, path: string): Secret {
  if (source.kind === 'plain') return source.value;
  throw notOfIotEdge(path, `a secret that stands elsewhere (${source.kind}:)`);
}

function notOfIotEdge(path: string, what: string): Refusal {
  return new Refusal(
    `cannot take over ${path}: it has ${what}, which IoT Edge does not know: it is a configuration of dps-agent already, ` +
      'and can be used as it is',
  );
}

/** As the file has it, unless it is where everybody's is. */
function endpointOf({ config: { provisioning } }: LoadedConfig): string | undefined {
  if (provisioning.source !== 'dps') return undefined;
  const { host, port } = provisioning.globalEndpoint;
  if (host === 'global.azure-devices-provisioning.net' && port === 8883) return undefined;
  return port === 8883 ? `https://${host}` : `https://${host}:${port}`;
}

/** Only what the file says itself: IoT Edge's defaults are others. */
function reprovisioningOf({
  config: { provisioning },
  sources,
}: LoadedConfig): Pick<Setup, 'dynamicReprovisioning' | 'alwaysReprovisionOnStartup'> {
  if (provisioning.source !== 'dps') return {};
  const isSaid = (key: string): boolean =>
    ![undefined, 'default'].includes(sources.get(`provisioning.${key}`)?.kind);
  const { dynamicReprovisioning, alwaysReprovisionOnStartup } = provisioning;
  return {
    ...(isSaid('dynamic_reprovisioning') ? { dynamicReprovisioning } : {}),
    ...(isSaid('always_reprovision_on_startup') ? { alwaysReprovisionOnStartup } : {}),
  };
}

/** `agent.env`, by names in lower case, as far as it is text. */
function agentEnvironment(content: Readonly<Record<string, unknown>>): ReadonlyMap<string, string> {
  const { agent } = content;
  const env = isMapping(agent) ? agent['env'] : undefined;
  const entries = Object.entries(isMapping(env) ? env : {});
  return new Map(
    entries.flatMap(([name, value]) => (typeof value === 'string' ? [[name.toLowerCase(), value]] : [])),
  );
}

function proxyOf(environment: ReadonlyMap<string, string>): {
  readonly url?: Secret;
  readonly notes: readonly string[];
} {
  const url = environment.get('https_proxy');
  if (url === undefined || url === '') return { notes: [] };
  const fault = proxyFault(url);
  if (fault === undefined) return { url: new Secret(url), notes: [] };
  return { notes: [`agent.env.https_proxy was not taken over, because it is ${fault}. Set proxy.`] };
}

function hostsIn(text: string): string[] {
  return text
    .split(',')
    .map((host) => host.trim())
    .filter((host) => host !== '');
}

/** What IoT Edge alone has a use for. */
const ownSections = ['connect', 'listen', 'homedir', 'moby_runtime', 'watchdog'];

function notesOn(content: Readonly<Record<string, unknown>>, identity: Identity): string[] {
  const { certificates } = content;
  const left = ownSections.filter((name) => name in content);
  const trusted = isMapping(certificates) ? certificates['trusted_ca_certs'] : undefined;
  return [
    'Stop IoT Edge before dps-agent runs: two programs with one identity throw each other out for ever. systemctl ' +
      'disable --now iotedge',
    ...('certificate' in identity
      ? [
          `The certificate and its key stay where they are, ${identity.certificate} and ${identity.privateKey}: the user ` +
            'dps-agent must be able to read them, also when IoT Edge is gone.',
        ]
      : []),
    ...('hostname' in content
      ? ['hostname was for modules and devices behind IoT Edge: dps-agent has no use for it.']
      : []),
    ...('parent_hostname' in content
      ? [
          'parent_hostname: dps-agent connects to the hub itself, through a proxy if need be, never through a parent.',
        ]
      : []),
    ...(certificates === undefined
      ? []
      : ['certificates were for modules and devices behind IoT Edge: dps-agent is no gateway for others.']),
    ...(typeof trusted === 'string'
      ? [
          `If a proxy on the way to the cloud has its certificate from ${trusted}, write that as trust_bundle_cert.`,
        ]
      : []),
    ...('agent' in content
      ? [
          'agent: dps-agent runs no modules. Of agent.env only https_proxy, no_proxy and UpstreamProtocol count.',
        ]
      : []),
    ...(left.length === 0 ? [] : [`${listed(left, 'and')}: nothing in dps-agent corresponds to that.`]),
  ];
}

/** Only for those who ask DPS there is something to tell. */
function flagNotes({ identity, dynamicReprovisioning, alwaysReprovisionOnStartup }: Setup): string[] {
  if (!('scopeId' in identity)) return [];
  const unsaid = [
    ...(dynamicReprovisioning === undefined ? ['dynamic_reprovisioning true'] : []),
    ...(alwaysReprovisionOnStartup === undefined ? ['always_reprovision_on_startup false'] : []),
  ];
  return unsaid.length === 0
    ? []
    : [`Where IoT Edge's file says nothing, dps-agent's defaults hold: ${listed(unsaid, 'and')}.`];
}
