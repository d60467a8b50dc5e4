import type { Battlefield, Wire, WireShape } from '../../src/soak/faults/fault-kind.ts';
import type { Cloud } from '../../src/soak/cloud.ts';
import type { Fleet, Member } from '../../src/soak/fleet/fleet.ts';
import { seededRandom } from '../../src/lib/seeded-random.ts';
import { FakeClock } from './fake-clock.ts';
import { RecordingLog } from './recording-log.ts';

/** A member of a fleet, alone in its process unless said otherwise. */
export function member(name: string, over: Partial<Member> = {}): Member {
  const folder = over.folder ?? '/nowhere';
  return {
    ...{ name, unit: name, attestation: 'key', isProxied: false, folder },
    ...{ configPath: `${folder}/config.yaml`, stateDirectory: folder, socketPath: `${folder}/agent.sock` },
    ...over,
  };
}

/** Writes down what is done to it, and is there at once. */
export class FakeFleet implements Fleet {
  readonly done: string[] = [];
  readonly members: readonly Member[];
  readonly states = new Map<string, never>();
  readonly seen = { states: [], ends: [], findings: [], omitted: {} };
  certify?: (name: string, notAfter: Date) => Promise<void>;
  readonly guard = (name: string): void => void this.#did(`guard ${name}`);

  constructor(members: readonly Member[]) {
    this.members = members;
    this.certify = (name, notAfter) => this.#did(`certify ${name} until ${notAfter.toISOString()}`);
  }

  start = (): Promise<void> => this.#did('start');
  kill = (unit: string): Promise<void> => this.#did(`kill ${unit}`);
  restart = (unit: string): Promise<void> => this.#did(`restart ${unit}`);
  down = (unit: string): Promise<void> => this.#did(`down ${unit}`);
  revive = (unit: string): Promise<void> => this.#did(`revive ${unit}`);
  freeze = (unit: string): void => void this.#did(`freeze ${unit}`);
  thaw = (unit: string): void => void this.#did(`thaw ${unit}`);
  reload = (name: string): void => void this.#did(`reload ${name}`);
  pid = (): number | undefined => undefined;
  sample = (): Promise<[]> => Promise.resolve([]);
  stop = (): Promise<void> => this.#did('stop');

  #did(what: string): Promise<void> {
    this.done.push(what);
    return Promise.resolve();
  }
}

/** Writes down what is done to it. */
export class FakeWire implements Wire {
  readonly host = '127.0.0.1';
  readonly port = 1;
  readonly cuts: (readonly string[] | undefined)[] = [];
  readonly inForce = new Map<WireShape, readonly string[] | undefined>();

  urlFor(name: string): string {
    return `http://${name}:soak@127.0.0.1:1`;
  }

  shape(shape: WireShape, names?: readonly string[]): () => void {
    this.inForce.set(shape, names);
    return () => void this.inForce.delete(shape);
  }

  cut(names?: readonly string[]): void {
    this.cuts.push(names);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** A cloud that nobody may ask for anything. */
const noCloud: Cloud = {
  get simulator(): never {
    throw new Error('this test has no cloud');
  },
  restart: () => Promise.reject(new Error('this test has no cloud')),
  onMessage: () => () => undefined,
  onConnection: () => () => undefined,
  close: () => Promise.resolve(),
};

export interface FakeBattlefield extends Battlefield {
  readonly fleet: FakeFleet;
  readonly wire: FakeWire;
  readonly clock: FakeClock;
  readonly log: RecordingLog;
}

export function battlefield(members: readonly Member[], cloud: Cloud = noCloud): FakeBattlefield {
  return {
    cloud,
    fleet: new FakeFleet(members),
    wire: new FakeWire(),
    clock: new FakeClock(),
    random: seededRandom(1),
    log: new RecordingLog(),
  };
}
