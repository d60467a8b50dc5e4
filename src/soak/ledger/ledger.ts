import type { DeviceMessage } from '../../simulator/message.ts';
import type { DeliverySeries, LedgerEntry, RefusalRecord } from '../evidence.ts';
import type { Promises } from '../load/member-feeder.ts';
import { AgentAccount } from './agent-account.ts';
import { readArrival } from './arrival.ts';
import { Refusals } from './refusals.ts';
import { ThinningSeries } from './thinning-series.ts';

/** Devices that nobody knows get an account of their own, as far as these go. */
const mostStrangers = 20;

export interface Totals {
  readonly promised: number;
  readonly delivered: number;
  readonly duplicates: number;
  /** Promised, and not at the hub yet. */
  readonly outstanding: number;
}

/** What all agents were given, promised and delivered. A promise and its arrival may come in either order. */
export class Ledger implements Promises {
  readonly #accounts = new Map<string, AgentAccount>();
  readonly #elapsedMs: () => number;
  readonly #refusals: Refusals;
  readonly #series = new ThinningSeries(['promised', 'delivered', 'duplicates']);
  #strangers = 0;
  #strangersMessages = 0;
  #promised = 0;
  #delivered = 0;
  #duplicates = 0;

  /** @param elapsedMs since the run began */
  constructor(agents: readonly string[], elapsedMs: () => number) {
    for (const agent of agents) this.#accounts.set(agent, new AgentAccount(agent));
    this.#elapsedMs = elapsedMs;
    this.#refusals = new Refusals(elapsedMs);
  }

  get totals(): Totals {
    const [promised, delivered, duplicates] = [this.#promised, this.#delivered, this.#duplicates];
    return { promised, delivered, duplicates, outstanding: promised - delivered };
  }

  posted(agent: string, numbers: readonly number[]): void {
    this.#account(agent).posted(numbers);
    this.#refusals.posted(agent);
  }

  promised(agent: string, numbers: readonly number[]): void {
    const arrived = this.#account(agent).promised(numbers);
    this.#refusals.accepted(agent);
    this.#promised += numbers.length;
    this.#series.count('promised', this.#elapsedMs(), numbers.length);
    this.#deliver(arrived);
  }

  refused(agent: string, numbers: readonly number[], status: string): void {
    this.#account(agent).refused(numbers, status);
    this.#refusals.refused(agent, status);
  }

  arrive(message: DeviceMessage): void {
    const account = this.#accounts.get(message.device) ?? this.#stranger(message.device);
    if (account === undefined) return;
    const { delivered, duplicates } = account.arrive(readArrival(message));
    this.#deliver(delivered);
    if (duplicates === 0) return;
    this.#duplicates += duplicates;
    this.#series.count('duplicates', this.#elapsedMs(), duplicates);
  }

  outstandingOf(agent: string): number {
    return this.#accounts.get(agent)?.outstanding ?? 0;
  }

  entries(): Record<string, LedgerEntry> {
    return Object.fromEntries([...this.#accounts].map(([name, account]) => [name, account.entry()]));
  }

  deliveries(): DeliverySeries {
    return { stepMs: this.#series.stepMs, ...this.#series.series() };
  }

  get refusals(): readonly RefusalRecord[] {
    return this.#refusals.seen;
  }

  /** Refusals, and messages of devices that nobody knows beyond those that have an account. */
  get omitted(): Readonly<Record<string, number>> {
    return { 'messages of strangers': this.#strangersMessages, refusals: this.#refusals.omitted };
  }

  #deliver(howMany: number): void {
    if (howMany === 0) return;
    this.#delivered += howMany;
    this.#series.count('delivered', this.#elapsedMs(), howMany);
  }

  #account(agent: string): AgentAccount {
    const account = this.#accounts.get(agent);
    if (account === undefined)
      throw new Error(`cannot find the account of ${agent}: it is none of the agents`);
    return account;
  }

  #stranger(device: string): AgentAccount | undefined {
    if (this.#strangers === mostStrangers) {
      this.#strangersMessages += 1;
      return undefined;
    }
    this.#strangers += 1;
    const account = new AgentAccount(device);
    account.contradict(`a message came from ${device}, which is none of the agents`);
    this.#accounts.set(device, account);
    return account;
  }
}
