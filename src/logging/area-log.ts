import type { LogArea, LogLevel } from '../log-areas.ts';
import { logAreas } from '../log-areas.ts';
import type { Log, LogLine } from '../lib/log.ts';

/** What decides, line by line. */
export interface LevelGate {
  isOn(level: LogLevel, area: LogArea | undefined): boolean;
}

/**
 * A logger that asks at every line whether it is wanted, so that levels change while it runs; the one behind it lets
 * everything through. `child({ area: 'twin' })` and its children speak for that part of the program.
 */
export class AreaLog implements Log {
  readonly debug: LogLine;
  readonly info: LogLine;
  readonly warn: LogLine;
  readonly error: LogLine;
  readonly #log: Log;
  readonly #gate: LevelGate;
  readonly #area: LogArea | undefined;

  constructor(log: Log, gate: LevelGate, area?: LogArea) {
    this.#log = log;
    this.#gate = gate;
    this.#area = area;
    this.debug = this.#line('debug');
    this.info = this.#line('info');
    this.warn = this.#line('warn');
    this.error = this.#line('error');
  }

  child(fields: Record<string, unknown>): Log {
    const area = logAreas.find((name) => name === fields['area']) ?? this.#area;
    return new AreaLog(this.#log.child(fields), this.#gate, area);
  }

  #line(level: LogLevel): LogLine {
    const [log, gate, area] = [this.#log, this.#gate, this.#area];
    return (first: object | string, second?: string): void => {
      if (!gate.isOn(level, area)) return;
      if (typeof first === 'string') log[level](first);
      else log[level](first, second ?? '');
    };
  }
}
