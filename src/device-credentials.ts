import type { EstSettings } from './config/est-schema.ts';
import type { IdentityFiles } from './config/identity-files.ts';
import type { Config } from './config/schema.ts';
import type { Service } from './lib/service.ts';
import { attestationOf, estDirectory } from './provisioning/attestation.ts';
import { credentialNames, loadCredential } from './provisioning/credential.ts';
import type { Credential, CredentialName, X509Credential } from './provisioning/credential.ts';
import type { CredentialSource, Prove } from './renewal/credential-source.ts';
import { EstCredential } from './renewal/est-credential.ts';
import { EstEnroller } from './renewal/est-enroller.ts';
import { ExpiryWatch } from './renewal/expiry-watch.ts';
import { FileCredential } from './renewal/file-credential.ts';
import { IdentityStore } from './renewal/identity-store.ts';
import type { World } from './world.ts';

export interface DeviceCredentials {
  readonly names: readonly CredentialName[];
  /** To be awaited before the services run. */
  load(): Promise<void>;
  /** For the next connection; rejects with a CloudError when there is none that can work. */
  current(name: CredentialName): Promise<Credential>;
  /** The service has refused it: of two certificates kept by EST the other one comes into use. */
  refused(name: CredentialName): void;
  /** Of the certificate in use; `undefined` for a symmetric key, or while there is none. */
  daysLeft(name: CredentialName): number | undefined;
  /** What keeps certificates good. */
  readonly services: readonly Service[];
}

/** What a certificate that is to be replaced has to do with the connection. */
export interface CredentialHooks {
  readonly prove: Prove;
  /** A credential has come into use where there was none. */
  readonly adopted: () => void;
}

type Surroundings = Pick<World, 'clock' | 'random' | 'log' | 'secrets' | 'ca'>;

/** The device's credentials: keys read as they are needed, certificates watched and renewed. */
export function deviceCredentials(
  { provisioning: { attestation: configured } }: Config,
  stateDirectory: string,
  world: Surroundings,
  hooks: CredentialHooks,
): DeviceCredentials {
  const { clock, log, secrets } = world;
  const attestation = attestationOf(configured, stateDirectory);
  const names = credentialNames(attestation);
  const read = (name: CredentialName): Promise<Credential> =>
    loadCredential(attestation, name, { secrets, clock });

  const sourceOf = (name: CredentialName): [CredentialName, CredentialSource][] => {
    if (attestation.method !== 'x509') return [];
    const est = name === 'primary' ? estOf(configured) : undefined;
    const files = name === 'primary' ? attestation.primary : attestation.secondary;
    if (est !== undefined) return [[name, estSource(est, stateDirectory, world, hooks)]];
    return files === undefined ? [] : [[name, fileSource(name, files, () => read(name), world, hooks)]];
  };
  const sources = new Map(names.flatMap(sourceOf));
  const watches = new Map(
    [...sources].map(([name, source]) => [name, new ExpiryWatch({ name, source, clock, log })]),
  );
  return {
    names,
    load: async () => {
      for (const source of sources.values()) await source.load();
    },
    current: (name) => sources.get(name)?.current() ?? read(name),
    refused: (name) => {
      const source = sources.get(name);
      if (source instanceof EstCredential && source.inUse !== undefined) source.refused(source.inUse);
    },
    daysLeft: (name) => watches.get(name)?.daysLeft,
    services: [...sources.values(), ...watches.values()],
  };
}

interface Est {
  readonly settings: EstSettings;
  readonly registrationId: string;
}

function estOf(configured: Config['provisioning']['attestation']): Est | undefined {
  if (configured.method !== 'x509' || 'deviceId' in configured || configured.primary.kind !== 'est')
    return undefined;
  const { settings } = configured.primary;
  return { settings, registrationId: configured.registrationId ?? settings.commonName ?? '' };
}

function estSource(
  { settings, registrationId }: Est,
  stateDirectory: string,
  { clock, random, log, secrets, ca: trusted }: Surroundings,
  hooks: CredentialHooks,
): CredentialSource {
  const { password: source } = settings;
  const password = source === undefined ? undefined : () => secrets.read(source);
  const enroller = new EstEnroller({ settings, registrationId, trusted, password, clock });
  const store = new IdentityStore(estDirectory(stateDirectory), log);
  return new EstCredential({ ...hooks, registrationId, enroller, settings, store, clock, random, log });
}

function fileSource(
  name: CredentialName,
  { certificate, privateKey }: IdentityFiles,
  read: () => Promise<Credential>,
  { clock, random, log }: Surroundings,
  hooks: CredentialHooks,
): CredentialSource {
  const files = [certificate, privateKey];
  return new FileCredential({
    ...hooks,
    name,
    files,
    read: async () => asCertificate(await read()),
    clock,
    random,
    log,
  });
}

function asCertificate(credential: Credential): X509Credential {
  if (credential.method === 'x509') return credential;
  throw new Error('cannot watch a symmetric key: it has no files');
}
