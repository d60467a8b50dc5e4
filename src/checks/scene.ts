import { identitySource } from '../agent.ts';
import type { Config } from '../config/schema.ts';
import type { LoadedConfig } from '../config/parse.ts';
import type { HubSession } from '../connection/hub-client.ts';
import type { ConfigError } from '../lib/errors.ts';
import type { AgentStatus } from '../local-api/status.ts';
import { attestationOf } from '../provisioning/attestation.ts';
import { credentialNames, loadCredential } from '../provisioning/credential.ts';
import type { Credential, CredentialName } from '../provisioning/credential.ts';
import type { Assignment } from '../provisioning/dps-client.ts';
import type { World } from '../world.ts';
import type { HopTimer } from './hop-timer.ts';

/** The agent beside which the checks are made: a second session under the same name would end its own. */
export type AgentPresence =
  | { readonly kind: 'absent' }
  | { readonly kind: 'answers'; readonly status: AgentStatus; readonly at: string }
  /** It runs, or may run, and cannot be asked: `why`. */
  | {
      readonly kind: 'silent';
      readonly why: string;
      /** Whoever asked is not allowed to, which is no fault of the agent's. */
      readonly isForbidden: boolean;
    };

export type CheckWorld = Pick<
  World,
  | 'clock'
  | 'log'
  | 'dps'
  | 'hub'
  | 'probe'
  | 'secrets'
  | 'runProgram'
  | 'measureOffset'
  | 'resources'
  | 'root'
  | 'userId'
  | 'nodeVersion'
>;

/** What needs no configuration. */
export interface Surroundings {
  /** Whether the checks are made in the running agent, as its user and in its sandbox. */
  readonly isInside: boolean;
  readonly agent: AgentPresence;
  readonly machine: Pick<World, 'clock' | 'runProgram' | 'root' | 'userId' | 'nodeVersion'>;
}

export interface SceneOptions extends Surroundings {
  /** Why there is no configuration to work with. */
  readonly problem?: ConfigError | undefined;
  readonly device?: Device | undefined;
}

/** All that checks look at. */
export class Scene implements Surroundings {
  readonly isInside: boolean;
  readonly agent: AgentPresence;
  readonly machine: Surroundings['machine'];
  readonly problem: ConfigError | undefined;
  readonly #device: Device | undefined;

  constructor({ isInside, agent, machine, problem, device }: SceneOptions) {
    this.isInside = isInside;
    this.agent = agent;
    this.machine = machine;
    this.problem = problem;
    this.#device = device;
  }

  /** Throws the configuration's problem. */
  get device(): Device {
    if (this.#device !== undefined) return this.#device;
    throw this.problem ?? new Error('cannot check a device without a configuration');
  }

  /** Ends what the checks have opened. */
  async close(): Promise<void> {
    await this.#device?.session?.close();
  }
}

export interface LoadedCredential {
  readonly name: CredentialName;
  readonly credential?: Credential;
  readonly problem?: unknown;
}

export interface DeviceOptions {
  readonly loaded: LoadedConfig;
  readonly stateDirectory: string;
  readonly world: CheckWorld;
  readonly hopTimer: HopTimer;
}

/** The device that the configuration describes. */
export class Device {
  readonly loaded: LoadedConfig;
  readonly stateDirectory: string;
  readonly world: CheckWorld;
  readonly hopTimer: HopTimer;
  /** Set by the check that has DPS asked. */
  registered: { readonly assignment: Assignment; readonly credential: Credential } | undefined;
  /** Set by the check that connects to the hub. */
  session: HubSession | undefined;
  #credentials: Promise<readonly LoadedCredential[]> | undefined;

  constructor({ loaded, stateDirectory, world, hopTimer }: DeviceOptions) {
    this.loaded = loaded;
    this.stateDirectory = stateDirectory;
    this.world = world;
    this.hopTimer = hopTimer;
  }

  get config(): Config {
    return this.loaded.config;
  }

  /** Each that is configured, read once; never rejects. */
  credentials(): Promise<readonly LoadedCredential[]> {
    this.#credentials ??= this.#loadCredentials();
    return this.#credentials;
  }

  /** Those that can be used, in the order in which they are tried. */
  async usable(): Promise<readonly Credential[]> {
    return (await this.credentials()).flatMap(({ credential }) => credential ?? []);
  }

  /** What DPS has just said, else what it said when it was last asked the same, or what the configuration says. */
  async identity(): Promise<Device['registered']> {
    if (this.registered !== undefined) return this.registered;
    for (const credential of await this.usable()) {
      const assignment = await this.cached(credential);
      if (assignment !== undefined) return { assignment, credential };
    }
    return undefined;
  }

  async cached(credential: Credential): Promise<Assignment | undefined> {
    const source = identitySource({ current: this.config }, this.stateDirectory, this.world);
    return source.cached(credential);
  }

  #loadCredentials(): Promise<readonly LoadedCredential[]> {
    const attestation = attestationOf(this.config.provisioning.attestation, this.stateDirectory);
    return Promise.all(
      credentialNames(attestation).map(async (name) => {
        try {
          return { name, credential: await loadCredential(attestation, name, this.world) };
        } catch (problem) {
          return { name, problem };
        }
      }),
    );
  }
}
