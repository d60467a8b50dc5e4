import type { Clock } from '../../lib/clock.ts';
import { untilStopped } from '../../lib/deadline.ts';
import type { Log } from '../../lib/log.ts';
import type { Service } from '../../lib/service.ts';
import type { Priority } from '../priority.ts';
import { BudgetFile } from './budget-file.ts';
import { Meter } from './meter.ts';
import { utcDay, utcMonth } from './period.ts';

/** What may be used; absent: as much as there is. */
export interface BudgetSettings {
  /** As the hub meters them: a message is one for every 4 KB begun (protocol.md 5.3). */
  readonly messagesPerDay?: number | undefined;
  /** On the wire, both directions together. */
  readonly bytesPerMonth?: number | undefined;
}

export interface BudgetOptions {
  readonly settings: () => BudgetSettings;
  /** Bytes on the wire since the start of the program. */
  readonly wire: () => { readonly sent: number; readonly received: number };
  /** What the queue holds, that which is being sent included. Asked for each message, if there is a budget. */
  readonly waiting: () => { readonly messages: number; readonly bytes: number };
  /** Where the counts are kept over restarts. */
  readonly path: string;
  readonly clock: Clock;
  readonly log: Log;
}

export interface PeriodStatus {
  /** Such as `2026-11-22` for a day and `2026-11` for a month, in UTC. */
  readonly period: string;
  readonly used: number;
  readonly allowed: number;
}

export interface BudgetStatus {
  readonly messages?: PeriodStatus;
  readonly bytes?: PeriodStatus;
  /** Messages not taken in since the start. */
  readonly thinned: Readonly<Record<Priority, number>>;
}

/** One of the two limits, with all it takes to hold a message against it. */
interface Account {
  readonly key: 'messages_per_day' | 'bytes_per_month';
  readonly meter: Meter;
  readonly limit: number;
  /** What waits to be sent, in the limit's units. */
  readonly waiting: number;
  cost(bytes: number): number;
}

/** IoT Hub's unit of metering, in bytes (protocol.md 5.3). */
const meteredBytes = 4096;
const saveEveryMs = 3_600_000;

/**
 * From where on a priority is thinned and where nothing of it is taken in any more, as a share of the line; and how
 * much of the whole limit it may use. High is not held back.
 */
const bands = {
  normal: { thinnedFrom: 0.96, noneFrom: 1, ofLimit: 1 },
  low: { thinnedFrom: 0.7, noneFrom: 0.8, ofLimit: 0.8 },
} as const;

/**
 * Keeps telemetry within messages a day and bytes a month by not taking in some of it, lowest priority first.
 *
 * A line rises through the period from 1/24 of the limit to 1/24 above it. What counts against it is what was used in
 * this period and what waits to be sent, without that which waited when the period began: so it is what was taken in,
 * corrected by what was sent again and what the queue has dropped. Up to 70 % of the line all messages are taken in; from
 * there to 80 % fewer and fewer of low priority, evenly spread (every second, every third …), so that low priority goes on
 * with what the others leave of it; from 96 to 100 % the same for normal. A device that spends its limit evenly stays
 * below 96 % and loses nothing but by the limit itself: what was used and all that waits, which goes out on the day the
 * network is back, stays below the limit for normal, and below 80 % of it for low.
 *
 * High priority is always taken in; if the limit is exceeded, by that or by what the connection itself takes, it is said
 * once a period. Without settings nothing is counted, nothing refused and nothing written.
 */
export class Budget implements Service {
  readonly name = 'budget';
  readonly #options: BudgetOptions;
  readonly #file: BudgetFile;
  readonly #thinned: Record<Priority, number> = { high: 0, normal: 0, low: 0 };
  /** Shares of a message that may be taken in, saved up to a whole one. */
  readonly #credit = { normal: 0, low: 0 };
  readonly #said = new Map<string, string>();
  #messages = new Meter(utcDay);
  #bytes = new Meter(utcMonth);
  #countedBytes = 0;

  constructor(options: BudgetOptions) {
    this.#options = options;
    this.#file = new BudgetFile(options.path, options.log);
  }

  /** Reads what an earlier run has used. Never rejects. */
  async load(): Promise<void> {
    if (!this.#isConfigured()) return;
    const record = await this.#file.read();
    if (record === undefined) return;
    this.#messages = new Meter(utcDay, record.messages);
    this.#bytes = new Meter(utcMonth, record.bytes);
  }

  /** Keeps the counts: once an hour, and at the end. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await untilStopped(this.#options.clock.sleep(saveEveryMs, signal), signal);
      await this.save();
    }
  }

  /** Writes the counts to the file if they have changed. Never rejects. */
  async save(): Promise<void> {
    if (!this.#isConfigured()) return;
    this.#warnWhenExceeded(this.#accounts());
    await this.#file.write({ messages: this.#messages.record, bytes: this.#bytes.record });
  }

  /**
   * Whether a message of so many bytes may be offered to the queue; a refusal is counted. To be followed by the offer at
   * once: what was taken in is seen in what waits.
   */
  admits(priority: Priority, bytes: number): boolean {
    const accounts = this.#accounts();
    if (accounts.length === 0 || priority === 'high') return true;
    const share = Math.min(...accounts.map((account) => admittedShare(account, priority, bytes)));
    const credit = this.#credit[priority] + share;
    const isAdmitted = credit >= 1;
    this.#credit[priority] = isAdmitted ? credit - 1 : credit;
    if (!isAdmitted) this.#countThinned(priority, accounts);
    return isAdmitted;
  }

  /**
   * A message has been handed to the session: each time counts, since the hub may have metered one that it has not
   * acknowledged. Until the queue is told that it has, it counts as waiting too.
   */
  sent(bytes: number): void {
    const accounts = this.#accounts();
    if (accounts.some(({ meter }) => meter === this.#messages)) this.#messages.spend(metered(bytes));
    this.#warnWhenExceeded(accounts);
  }

  get status(): BudgetStatus {
    const found = this.#accounts().map(({ key, meter, limit }) => [
      key === 'messages_per_day' ? 'messages' : 'bytes',
      { period: meter.period, used: meter.spent, allowed: limit },
    ]);
    return { ...(Object.fromEntries(found) as Omit<BudgetStatus, 'thinned'>), thinned: { ...this.#thinned } };
  }

  #isConfigured(): boolean {
    const { messagesPerDay, bytesPerMonth } = this.#options.settings();
    return messagesPerDay !== undefined || bytesPerMonth !== undefined;
  }

  /** The limits that there are, brought up to now. */
  #accounts(): readonly Account[] {
    const { messagesPerDay, bytesPerMonth } = this.#options.settings();
    if (messagesPerDay === undefined && bytesPerMonth === undefined) return [];
    const { messages, bytes } = this.#options.waiting();
    const accounts: Account[] = [];
    if (messagesPerDay !== undefined) {
      // As if they were all of one size: the queue knows no more.
      const waiting = messages === 0 ? 0 : messages * metered(bytes / messages);
      this.#turn(this.#messages, waiting);
      accounts.push({
        key: 'messages_per_day',
        meter: this.#messages,
        limit: messagesPerDay,
        waiting,
        cost: metered,
      });
    }
    if (bytesPerMonth !== undefined) {
      this.#turn(this.#bytes, bytes);
      this.#spendWireBytes();
      const cost = (size: number): number => size;
      accounts.push({
        key: 'bytes_per_month',
        meter: this.#bytes,
        limit: bytesPerMonth,
        waiting: bytes,
        cost,
      });
    }
    return accounts;
  }

  #turn(meter: Meter, waiting: number): void {
    const { clock } = this.#options;
    meter.turn(clock.now(), clock.monotonic(), waiting);
  }

  #spendWireBytes(): void {
    const { sent, received } = this.#options.wire();
    this.#bytes.spend(sent + received - this.#countedBytes);
    this.#countedBytes = sent + received;
  }

  #countThinned(priority: Priority, accounts: readonly Account[]): void {
    this.#thinned[priority] += 1;
    const [tightest] = accounts.toSorted((a, b) => tension(b) - tension(a));
    if (tightest === undefined) return;
    this.#sayOnce(
      'thinned',
      tightest,
      (used) =>
        `telemetry is being thinned, lowest priority first: ${used}, and ${tightest.waiting} more wait in the queue`,
    );
  }

  #warnWhenExceeded(accounts: readonly Account[]): void {
    for (const account of accounts)
      if (account.meter.spent > account.limit)
        this.#sayOnce('exceeded', account, (used) => `the telemetry budget is exceeded: ${used}`);
  }

  /** Once a period. */
  #sayOnce(what: string, { key, meter, limit }: Account, sentence: (used: string) => string): void {
    if (this.#said.get(`${what} ${key}`) === meter.period) return;
    this.#said.set(`${what} ${key}`, meter.period);
    const fields = { [key]: limit, used: meter.spent, period: meter.period, thinned: { ...this.#thinned } };
    this.#options.log.warn(fields, sentence(`${meter.spent} used of ${key} ${limit} in ${meter.period}`));
  }
}

function metered(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / meteredBytes));
}

/** How many of such messages may be taken in now: 1 is all, 0.5 every second, 0 none. */
function admittedShare(account: Account, priority: Exclude<Priority, 'high'>, bytes: number): number {
  const { meter, limit, waiting } = account;
  const { thinnedFrom, noneFrom, ofLimit } = bands[priority];
  if (meter.used(limit * ofLimit, waiting + account.cost(bytes)) > 1) return 0;
  const share = (noneFrom - meter.pace(limit, waiting)) / (noneFrom - thinnedFrom);
  return Math.min(1, Math.max(0, share));
}

/** How near a limit is to holding messages back. */
function tension({ meter, limit, waiting }: Account): number {
  return Math.max(meter.used(limit, waiting), meter.pace(limit, waiting));
}
