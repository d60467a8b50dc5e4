import type { Secret } from '../lib/secret.ts';

/** What a first configuration is written from. Paths are absolute. */
export interface Setup {
  readonly identity: Identity;
  readonly input: FirstInput;
  /** DPS's address as the configuration has it; absent: that of public Azure. */
  readonly endpoint?: string | undefined;
  /** The file of a private authority. */
  readonly trustBundle?: string | undefined;
  /** Absent: the service's own, `/var/lib/dps-agent`. */
  readonly stateDirectory?: string | undefined;
  readonly proxy?: Secret | undefined;
  readonly noProxy?: readonly string[] | undefined;
  /** Absent: whichever gets through. */
  readonly transport?: 'mqtt_ws' | undefined;
  /** As IoT Edge had it written; absent: the defaults. */
  readonly dynamicReprovisioning?: boolean | undefined;
  readonly alwaysReprovisionOnStartup?: boolean | undefined;
}

/** How the device proves who it is, and to whom. */
export type Identity =
  | {
      readonly method: 'symmetric_key';
      readonly scopeId: string;
      readonly registrationId: string;
      readonly key: Secret;
    }
  | ({
      readonly method: 'x509';
      readonly scopeId: string;
      /** Absent: the certificate's common name. */
      readonly registrationId?: string | undefined;
    } & CertificateFiles)
  | { readonly method: 'connection_string'; readonly connectionString: Secret }
  /** At a hub, without DPS. */
  | ({ readonly method: 'hub_x509'; readonly hub: string; readonly deviceId: string } & CertificateFiles);

export interface CertificateFiles {
  readonly certificate: string;
  readonly privateKey: string;
  readonly passphrase?: Secret | undefined;
}

/** What the agent measures from the start. */
export type FirstInput = (typeof firstInputs)[number];

export const firstInputs = ['system', 'socket', 'none'] as const;
