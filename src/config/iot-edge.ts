/** Top-level keys of an IoT Edge 1.1 config.yaml that only IoT Edge itself uses (protocol.md 10.1). */
const ignoredSections: Readonly<Record<string, string>> = {
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

const unusedKeys: Readonly<Record<string, string>> = {
  device_connection_string: 'belongs to source manual, which dps-agent does not support: remove it',
  authentication: 'belongs to source manual, which dps-agent does not support: remove it',
  endpoint: 'belongs to source external, which dps-agent does not support: remove it',
};

/** What to say of a key under `provisioning` that another source of IoT Edge uses. */
export function unusedProvisioningKey(key: string): string | undefined {
  return Object.hasOwn(unusedKeys, key) ? unusedKeys[key] : undefined;
}

/** The name in config.yaml of a key that IoT Edge 1.2 and later call otherwise (protocol.md 10.2). */
export function nameInConfigYaml(key: string): string | undefined {
  return key === 'id_scope' ? 'scope_id' : undefined;
}
