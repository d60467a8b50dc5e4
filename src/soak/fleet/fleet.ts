import type { Evidence, ProcessSample, StateChange } from '../evidence.ts';

/** One agent of the fleet, as everybody but its process sees it. */
export interface Member {
  /** Its registration and device ID. */
  readonly name: string;
  /** The process it lives in. */
  readonly unit: string;
  readonly attestation: 'group' | 'key' | 'x509';
  readonly isProxied: boolean;
  /** Its config.yaml, keys, state directory: a folder of its own. */
  readonly folder: string;
  readonly configPath: string;
  readonly stateDirectory: string;
  /** Where it listens. */
  readonly socketPath: string;
  /** Of those with a key: the file that `symmetric_key` refers to, which holds it as base64. */
  readonly keyFile?: string;
  /** What FAKETIME_TIMESTAMP_FILE names for its process, where that was started with libfaketime. */
  readonly clockFile?: string;
}

/** Processes with agents in them: one each, or many to a process. */
export interface Fleet {
  readonly members: readonly Member[];
  /** Resolves when every process runs; being connected takes longer. */
  start(): Promise<void>;
  /** SIGKILL; the process is started again after the fleet's restart delay, as systemd would. Resolves when it runs. */
  kill(unit: string): Promise<void>;
  /** SIGTERM, and started again when it has ended. Resolves when it runs. */
  restart(unit: string): Promise<void>;
  /** SIGKILL, not to be started again before `revive`. Resolves when it is gone. */
  down(unit: string): Promise<void>;
  revive(unit: string): Promise<void>;
  /** SIGSTOP and SIGCONT. */
  freeze(unit: string): void;
  thaw(unit: string): void;
  /** SIGHUP: the agent reads its configuration again. Where many share a process, this one alone is told. */
  reload(name: string): void;
  /**
   * A new key and certificate for a member with a certificate, put in place of those it has, and good until then. Absent:
   * this fleet issues none.
   */
  readonly certify?: (name: string, notAfter: Date) => Promise<void>;
  /** From now on this, such as a key that was put in place of another, must not be seen in the agent's log. */
  readonly guard?: (name: string, secret: string) => void;
  /** The process of a unit right now, if it runs. */
  pid(unit: string): number | undefined;
  /** Every process once. */
  sample(): Promise<readonly Omit<ProcessSample, 'atMs'>[]>;
  /** The last known state of every agent, by its name. */
  readonly states: ReadonlyMap<string, StateChange>;
  /** What was seen so far. */
  readonly seen: Pick<Evidence, 'states' | 'ends' | 'findings' | 'omitted'>;
  /** In order, all of them; resolves when every process is gone. */
  stop(): Promise<void>;
}
