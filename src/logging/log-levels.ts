import { logLevels } from '../log-areas.ts';
import type { LogArea, LogLevel } from '../log-areas.ts';
import type { Clock } from '../lib/clock.ts';

/** A level for everything, and others for some parts of the program. */
export interface LevelRules {
  readonly level: LogLevel;
  readonly areas: Readonly<Partial<Record<LogArea, LogLevel>>>;
}

/** Levels from the cloud; with a time, in milliseconds, they end by themselves. */
export interface SteeredRules extends LevelRules {
  readonly forMs?: number;
}

/**
 * Which lines are logged. Three say so, each over the one before: the configuration; the twin; and for a time, on the
 * monotonic clock, a direct method. What has run out no longer counts, whether or not somebody looks.
 */
export class LogLevels {
  #configured: () => LevelRules;
  readonly #clock: Pick<Clock, 'monotonic'>;
  #source: () => SteeredRules;
  #latest: SteeredRules;
  #latestConfigured: LevelRules;
  #steered: Timed<SteeredRules> | undefined;
  /** By area; under `all`, the level of everything. */
  readonly #temporary = new Map<LogArea | 'all', Timed<LogLevel>>();

  constructor(configured: LevelRules, clock: Pick<Clock, 'monotonic'>) {
    this.#configured = () => configured;
    this.#source = () => configured;
    this.#latest = configured;
    this.#latestConfigured = configured;
    this.#clock = clock;
  }

  /**
   * From now on what configuration and twin together say is looked up there, at every line, and what the configuration
   * says alone, once the twin's time is over.
   */
  follow(source: () => SteeredRules, configured: () => LevelRules): void {
    this.#source = source;
    this.#configured = configured;
  }

  /** Neither saying the same again nor another configuration below it begins its time anew. */
  #steer(rules: SteeredRules, configured: LevelRules): void {
    const isTwins = configured === this.#latestConfigured;
    this.#latest = rules;
    this.#latestConfigured = configured;
    if (this.#steered !== undefined && isSame(this.#steered.what, rules)) return;
    const endMs = isTwins ? undefined : this.#steered?.endMs;
    this.#steered = { what: rules, endMs: endMs ?? this.#endOf(rules.forMs) };
  }

  /** For so long, in milliseconds, this level of one area, or of everything; the areas' own levels give way to that. */
  setFor(level: LogLevel, area: LogArea | undefined, ms: number): void {
    if (area === undefined) this.#temporary.clear();
    this.#temporary.set(area ?? 'all', { what: level, endMs: this.#endOf(ms) });
  }

  /** Ends what `setFor` has begun: for one area, or for everything. */
  clear(area: LogArea | undefined): void {
    if (area === undefined) this.#temporary.clear();
    else this.#temporary.delete(area);
  }

  /** Asked for every line there could be. */
  isOn(level: LogLevel, area: LogArea | undefined): boolean {
    return ranks[level] >= ranks[this.#levelOf(area)];
  }

  /** How long the twin's levels hold yet, in milliseconds; `undefined`: for ever, or no more. */
  get leftMs(): number | undefined {
    const endMs = this.#endOfSteered();
    const leftMs = endMs - this.#clock.monotonic();
    return leftMs > 0 && endMs !== Infinity ? leftMs : undefined;
  }

  /** Whether the twin has levels that hold no more. */
  get isOver(): boolean {
    return this.#endOfSteered() <= this.#clock.monotonic();
  }

  get inForce(): LevelRules {
    const rules = this.#rules;
    const own = [...this.#temporary.keys()].filter((area) => area !== 'all');
    const names = new Set([...(Object.keys(rules.areas) as LogArea[]), ...own]);
    const areas = Object.fromEntries([...names].map((area) => [area, this.#levelOf(area)]));
    return { level: this.#levelOf(undefined), areas };
  }

  get #rules(): LevelRules {
    this.#look();
    if (this.#steered === undefined || !this.#isRunning(this.#steered)) return this.#configured();
    return this.#steered.what;
  }

  #endOfSteered(): number {
    this.#look();
    return this.#steered?.endMs ?? Infinity;
  }

  #look(): void {
    const latest = this.#source();
    if (latest !== this.#latest) this.#steer(latest, this.#configured());
  }

  #levelOf(area: LogArea | undefined): LogLevel {
    const temporary =
      this.#temporary.size === 0 ? undefined : ((area && this.#timed(area)) ?? this.#timed('all'));
    if (temporary !== undefined) return temporary;
    const rules = this.#rules;
    return (area && rules.areas[area]) ?? rules.level;
  }

  #timed(area: LogArea | 'all'): LogLevel | undefined {
    const timed = this.#temporary.get(area);
    if (timed === undefined || this.#isRunning(timed)) return timed?.what;
    this.#temporary.delete(area);
    return undefined;
  }

  #isRunning({ endMs }: Timed<unknown>): boolean {
    return endMs === Infinity || this.#clock.monotonic() < endMs;
  }

  #endOf(ms = Infinity): number {
    return this.#clock.monotonic() + ms;
  }
}

interface Timed<T> {
  readonly what: T;
  /** On the monotonic clock. */
  readonly endMs: number;
}

const ranks = Object.fromEntries(logLevels.map((level, rank) => [level, rank])) as Record<LogLevel, number>;

function isSame(a: SteeredRules, b: SteeredRules): boolean {
  const names = new Set([...Object.keys(a.areas), ...Object.keys(b.areas)]) as Set<LogArea>;
  return (
    a.level === b.level && a.forMs === b.forMs && [...names].every((area) => a.areas[area] === b.areas[area])
  );
}
