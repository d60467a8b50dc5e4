import { setMaxListeners } from 'node:events';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Fleet, Member } from './fleet.ts';
import type { FleetOptions } from './fleet-options.ts';
import { openIdentities } from './identities.ts';
import type { Identities } from './identities.ts';
import { Keeper } from './keeper.ts';
import { LogWatch } from './log-watch.ts';
import { Furnisher } from './members.ts';
import type { Furnished } from './members.ts';
import { Observations } from './observations.ts';
import { enlist } from './roster.ts';
import { Squad } from './squad.ts';

const defaultAgentsPerProcess = 50;
/** A key pair each, and the disk: more at a time makes it no faster. */
const furnishedAtOnce = 20;

/**
 * Gives everybody of a fleet an identity, a configuration and a folder, and enrolls them; nothing runs before `start`.
 * Rejects when the folders cannot be made.
 */
export async function createFleet(options: FleetOptions): Promise<Fleet> {
  const { scenario, host, directory, random, clock, target } = options;
  const enlisted = enlist({
    ...{ name: scenario.name, agents: scenario.agents, identities: scenario.identities, random },
    agentsPerProcess: host === 'process' ? 1 : (options.agentsPerProcess ?? defaultAgentsPerProcess),
  }).map((one) => ({
    ...one,
    // Azure's side knows the group alone; and without a proxy there is no way through it.
    attestation: target.kind === 'azure' ? ('group' as const) : one.attestation,
    isProxied: one.isProxied && options.proxy !== undefined,
  }));
  await mkdir(join(directory, 'logs'), { recursive: true });
  const identities = await openIdentities(target, clock);
  const furnisher = await Furnisher.open(options, identities, enlisted);
  const furnished: Furnished[] = [];
  for (let first = 0; first < enlisted.length; first += furnishedAtOnce)
    furnished.push(
      ...(await Promise.all(
        enlisted.slice(first, first + furnishedAtOnce).map((one) => furnisher.furnish(one)),
      )),
    );
  return new ProcessFleet(options, furnished, identities, furnisher.socketFolder);
}

class ProcessFleet implements Fleet {
  readonly members: readonly Member[];
  readonly certify?: (name: string, notAfter: Date) => Promise<void>;
  readonly #options: FleetOptions;
  readonly #observations: Observations;
  readonly #watch: LogWatch;
  readonly #keeper: Keeper;
  readonly #squads: ReadonlyMap<string, Squad>;
  readonly #socketFolder: string | undefined;
  readonly #stopping = new AbortController();

  constructor(
    options: FleetOptions,
    furnished: readonly Furnished[],
    identities: Identities,
    socketFolder: string | undefined,
  ) {
    // One for each unit that waits for its start.
    setMaxListeners(0, this.#stopping.signal);
    this.#options = options;
    this.#socketFolder = socketFolder;
    this.members = furnished.map(({ member }) => member);
    this.#observations = new Observations(options.elapsed);
    this.#watch = new LogWatch({ observations: this.#observations, secrets: identities.secrets });
    for (const { member, secrets } of furnished) this.#watch.guard(member.name, secrets);
    this.#keeper = new Keeper(options.log);
    this.#squads = new Map(
      [...unitsOf(this.members)].map(([unit, members]) => [unit, this.#squad(unit, members)]),
    );
    if (identities.certify !== undefined)
      this.certify = async (name, notAfter) => {
        const { attestation, folder } = this.#member(name);
        if (attestation !== 'x509')
          throw new Error(`cannot issue a certificate for ${name}: it proves itself by a key`);
        const secrets = await identities.certify?.(name, folder, notAfter);
        this.#watch.guard(name, secrets ?? []);
      };
  }

  get states(): Observations['current'] {
    return this.#observations.current;
  }

  get seen(): Observations['seen'] {
    return this.#observations.seen;
  }

  /** One process after the other, where the start is spread. */
  async start(): Promise<void> {
    const { startSpreadMs = 0, clock } = this.#options;
    const stepMs = startSpreadMs / Math.max(1, this.#squads.size);
    const starts = [...this.#squads.values()].map(async ({ unit }, index) => {
      await clock.sleep(index * stepMs, this.#stopping.signal);
      await unit.start();
    });
    await Promise.all(starts);
  }

  kill(unit: string): Promise<void> {
    return this.#unit(unit).kill();
  }

  restart(unit: string): Promise<void> {
    return this.#unit(unit).restart();
  }

  down(unit: string): Promise<void> {
    return this.#unit(unit).down();
  }

  revive(unit: string): Promise<void> {
    return this.#unit(unit).revive();
  }

  freeze(unit: string): void {
    this.#unit(unit).freeze();
  }

  thaw(unit: string): void {
    this.#unit(unit).thaw();
  }

  reload(name: string): void {
    this.#squadOf(this.#member(name).unit).reload(name);
  }

  guard(name: string, secret: string): void {
    this.#watch.guard(name, [secret]);
  }

  pid(unit: string): number | undefined {
    return this.#unit(unit).pid;
  }

  async sample(): ReturnType<Fleet['sample']> {
    const samples = await Promise.all([...this.#squads.values()].map((squad) => squad.sample()));
    return samples.filter((sample) => sample !== undefined);
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the fleet is stopped'));
    await Promise.all([...this.#squads.values()].map((squad) => squad.stop()));
    await this.#keeper.close();
    if (this.#socketFolder !== undefined) await rm(this.#socketFolder, { recursive: true, force: true });
  }

  #squad(unit: string, members: readonly Member[]): Squad {
    const shared = { observations: this.#observations, watch: this.#watch, keeper: this.#keeper };
    return new Squad({ ...shared, fleet: this.#options, unit, members });
  }

  #unit(name: string): Squad['unit'] {
    return this.#squadOf(name).unit;
  }

  #squadOf(unit: string): Squad {
    const squad = this.#squads.get(unit);
    if (squad === undefined) throw new Error(`cannot find the unit ${unit} in the fleet`);
    return squad;
  }

  #member(name: string): Member {
    const member = this.members.find((one) => one.name === name);
    if (member === undefined) throw new Error(`cannot find ${name} in the fleet`);
    return member;
  }
}

function unitsOf(members: readonly Member[]): Map<string, Member[]> {
  const units = new Map<string, Member[]>();
  for (const member of members) units.set(member.unit, [...(units.get(member.unit) ?? []), member]);
  return units;
}
