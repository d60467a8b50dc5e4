import type { ConnectionRecord } from '../../simulator/connection-log.ts';
import type { AttemptRecord, Evidence, SessionRecord } from '../evidence.ts';
import { BoundedList } from './bounded-list.ts';
import { MinuteWindow } from './minute-window.ts';

const most = { sessions: 50_000, registrations: 50_000 };

/** What the cloud saw of connections: sessions at the hubs, who asked DPS when, and who tried how often. */
export class ConnectionWatch {
  readonly #elapsedMs: () => number;
  /** Those that last, by the cloud's number for them. */
  readonly #open = new Map<number, SessionRecord>();
  readonly #ended = new BoundedList<SessionRecord>(most.sessions);
  readonly #registrations = new BoundedList<{ agent: string; atMs: number }>(most.registrations);
  readonly #attempts = new Map<string, MinuteWindow>();
  readonly #hubs = new Map<string, string>();

  /** @param elapsedMs since the run began */
  constructor(agents: readonly string[], elapsedMs: () => number) {
    this.#elapsedMs = elapsedMs;
    for (const agent of agents) this.#attempts.set(agent, new MinuteWindow());
  }

  /** Told of each connection as it begins and as it ends: for `Cloud.onConnection`. */
  see(record: ConnectionRecord): void {
    const { service, device, refused, endedAt } = record;
    if (endedAt === undefined) {
      const atMs = this.#elapsedMs();
      this.#attempts.get(device)?.count(atMs);
      if (service === 'dps') this.#registrations.push({ agent: device, atMs });
      else if (refused === undefined) this.#begin(record, atMs);
    } else if (service === 'hub' && refused === undefined) this.#end(record);
  }

  /** Where an agent has its session now, or had its last one; `undefined` for one that never had any. */
  hubOf(agent: string): string | undefined {
    return this.#hubs.get(agent);
  }

  get seen(): Pick<Evidence, 'sessions' | 'registrations' | 'attempts'> {
    const sessions = [...this.#ended.list(), ...this.#open.values()];
    return {
      sessions: sessions.sort((one, other) => one.startMs - other.startMs),
      registrations: this.#registrations.list(),
      attempts: [...this.#attempts].map(([agent, window]) => attemptRecord(agent, window)),
    };
  }

  get omitted(): Readonly<Record<string, number>> {
    return { sessions: this.#ended.omitted, registrations: this.#registrations.omitted };
  }

  #begin({ id, hub, device: agent }: ConnectionRecord, startMs: number): void {
    this.#open.set(id, { agent, hub, startMs });
    this.#hubs.set(agent, hub);
  }

  #end({ id, reason }: ConnectionRecord): void {
    const session = this.#open.get(id);
    if (session === undefined) return;
    this.#open.delete(id);
    const why = reason === undefined ? {} : { reason };
    this.#ended.push({ ...session, endMs: this.#elapsedMs(), ...why });
  }
}

function attemptRecord(agent: string, { total, most: mostInMinute, mostAtMs }: MinuteWindow): AttemptRecord {
  return { agent, total, mostInMinute, atMs: mostAtMs };
}
