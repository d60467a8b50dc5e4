import { chmod, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Identities, Identity } from './identities.ts';
import type { Member } from './fleet.ts';
import type { FleetOptions } from './fleet-options.ts';
import { memberConfig } from './member-config.ts';
import type { MemberFacts } from './member-config.ts';
import type { Enlisted } from './roster.ts';

/** Of a socket's path, in bytes: unix(7) has 107. */
const longestSocketPath = 100;
/** The global endpoint of the public cloud (protocol.md 1.1). */
const publicEndpoint = 'global.azure-devices-provisioning.net:443';

/** A member with what must not be seen in its log. */
export interface Furnished {
  readonly member: Member;
  readonly secrets: readonly string[];
}

/** Makes the folders of a fleet's members: identity, configuration, state directory. */
export class Furnisher {
  readonly #options: FleetOptions;
  readonly #identities: Identities;
  readonly #socketFolder: string | undefined;

  private constructor(options: FleetOptions, identities: Identities, socketFolder: string | undefined) {
    this.#options = options;
    this.#identities = identities;
    this.#socketFolder = socketFolder;
  }

  static async open(
    options: FleetOptions,
    identities: Identities,
    enlisted: readonly Enlisted[],
  ): Promise<Furnisher> {
    const paths = enlisted.map(({ name }) => Buffer.byteLength(socketPath(folderOf(options, name))));
    const isTooDeep = Math.max(0, ...paths) > longestSocketPath;
    const socketFolder = isTooDeep ? await mkdtemp(join(tmpdir(), 'dps-agent-soak-')) : undefined;
    return new Furnisher(options, identities, socketFolder);
  }

  /** Where the sockets are, if the run's directory is too deep for them: to be removed in the end. */
  get socketFolder(): string | undefined {
    return this.#socketFolder;
  }

  async furnish(enlisted: Enlisted): Promise<Furnished> {
    const folder = folderOf(this.#options, enlisted.name);
    const stateDirectory = join(folder, 'state');
    await mkdir(stateDirectory, { recursive: true, mode: 0o700 });
    const identity = await this.#identities.identify(enlisted, folder);
    const { keyFile } = identity;
    const clockFile = await this.#clockFile(enlisted.unit);
    const member: Member = {
      ...enlisted,
      ...{ folder, stateDirectory, configPath: join(folder, 'config.yaml') },
      socketPath:
        this.#socketFolder === undefined
          ? socketPath(folder)
          : join(this.#socketFolder, `${enlisted.name}.sock`),
      ...(keyFile === undefined ? {} : { keyFile }),
      ...(clockFile === undefined ? {} : { clockFile }),
    };
    await this.#writeConfig(member, identity);
    return { member, secrets: identity.secrets };
  }

  async #writeConfig(member: Member, identity: Identity): Promise<void> {
    const { target, proxy, scenario, host } = this.#options;
    const { stateDirectory, socketPath: socket, configPath } = member;
    const isProxied = member.isProxied && proxy !== undefined;
    const facts: MemberFacts = {
      ...cloudFacts(target, host),
      ...{ attestation: identity.attestation, stateDirectory, socketPath: socket },
      // As the wire's `urlFor` has it: by its name it is told from the others.
      proxy: isProxied
        ? `http://${encodeURIComponent(member.name)}:soak@${proxy.host}:${proxy.port}`
        : undefined,
    };
    await writeFile(configPath, memberConfig(facts, scenario.config), { mode: 0o600 });
    // A file of an earlier run keeps its mode otherwise.
    await chmod(configPath, 0o600);
  }

  /** One for a process: it begins at the true time. */
  async #clockFile(unit: string): Promise<string | undefined> {
    const { fakeTimeLibrary, directory } = this.#options;
    if (fakeTimeLibrary === undefined) return undefined;
    const file = clockFileOf(directory, unit);
    await mkdir(join(directory, 'clocks'), { recursive: true });
    await writeFile(file, '+0\n');
    return file;
  }
}

export function clockFileOf(directory: string, unit: string): string {
  return join(directory, 'clocks', unit);
}

/** A crew trusts the simulator by NODE_EXTRA_CA_CERTS: one store of roots for all, where each of its own costs megabytes. */
function cloudFacts(
  target: FleetOptions['target'],
  host: FleetOptions['host'],
): Pick<MemberFacts, 'endpoint' | 'scopeId' | 'caFile'> {
  if (target.kind === 'azure')
    return { endpoint: target.endpoint ?? publicEndpoint, scopeId: target.scopeId };
  const { dps, scopeId, caFile } = target.cloud.simulator;
  return { endpoint: `${dps.host}:${dps.port}`, scopeId, ...(host === 'process' ? { caFile } : {}) };
}

function folderOf({ directory }: FleetOptions, name: string): string {
  return join(directory, 'members', name);
}

function socketPath(folder: string): string {
  return join(folder, 'state', 'agent.sock');
}
