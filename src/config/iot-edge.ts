/** Top-level keys of an IoT Edge 1.1 config.yaml that only IoT Edge itself uses (protocol.md 10.1). */
export const ignoredSections: Readonly<Record<string, string>> = {
  agent: '',
  certificates: '; a private CA for DPS and IoT Hub goes into trust_bundle_cert',
  connect: '',
  homedir: '',
  hostname: '',
  listen: '',
  moby_runtime: '',
  parent_hostname: '',
  watchdog: '',
};

/** A warning for a top-level key of IoT Edge, so that a whole file of it can be used; otherwise `undefined`. */
export function ignoredSection(key: string): string | undefined {
  if (!Object.hasOwn(ignoredSections, key)) return undefined;
  return `belongs to IoT Edge, ignored by dps-agent${ignoredSections[key] ?? ''}`;
}

/** What to say of a key under `provisioning` that belongs to a source of IoT Edge which is not supported here. */
export function unusedProvisioningKey(key: string): string | undefined {
  return key === 'endpoint'
    ? 'belongs to source external, which dps-agent does not support: remove it'
    : undefined;
}

/** Keys of `provisioning` under the names that IoT Edge 1.2 and later have for them (protocol.md 10.2). */
const aliases: Readonly<Record<string, string>> = {
  id_scope: 'scope_id',
  connection_string: 'device_connection_string',
};

/** The key that `key` is another accepted name of; `undefined` if it is none. */
export function aliasedKey(section: readonly (string | number)[], key: string): string | undefined {
  const known = aliasesIn(section);
  return Object.hasOwn(known, key) ? known[key] : undefined;
}

/** The other accepted names in a section, each with the key that it is a name of. */
export function aliasesIn(section: readonly (string | number)[]): Readonly<Record<string, string>> {
  return section.length === 1 && section[0] === 'provisioning' ? aliases : {};
}
