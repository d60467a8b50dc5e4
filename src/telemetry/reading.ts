import type { JsonObject } from '../lib/json.ts';

/** What was measured at one moment: names and values. Not to be spread: one that came as text reads its values late. */
export interface Reading {
  readonly values: JsonObject;
  /** When, on the wall clock in milliseconds since 1970; absent: now. */
  readonly timeMs?: number | undefined;
  /** The Plug and Play component it belongs to, if that is another than its input's. */
  readonly component?: string | undefined;
}

/** One that came as the text of a JSON object, and goes on as it came for as long as nothing changes its values. */
export class JsonReading implements Reading {
  readonly json: string;
  readonly timeMs: number | undefined;
  readonly component: string | undefined;
  /** Whether `time` is one of its values. */
  readonly hasTime: boolean;
  #values: JsonObject | undefined;

  /**
   * @param json without white space around it
   * @param read what was read from it; absent: it has no `time`, and its values are read when somebody asks for them
   */
  constructor(json: string, read?: Reading, component = read?.component) {
    this.json = json;
    this.timeMs = read?.timeMs;
    this.component = component;
    this.#values = read?.values;
    this.hasTime = read?.values['time'] !== undefined;
  }

  get values(): JsonObject {
    this.#values ??= JSON.parse(this.json) as JsonObject;
    return this.#values;
  }

  /** The same of a component. */
  of(component: string): JsonReading {
    return new JsonReading(this.json, this.hasTime ? this : undefined, component);
  }
}

/** Whether a value of the reading is the time when it was measured, and nothing that was measured. */
export function isItsTime({ timeMs }: Reading, name: string, value: unknown): boolean {
  if (name !== 'time' || timeMs === undefined) return false;
  return value === timeMs || (typeof value === 'string' && Date.parse(value) === timeMs);
}

/** Whether it has at most its time: nothing that was measured. */
export function saysNothing(reading: Reading): boolean {
  return Object.entries(reading.values).every(([name, value]) => isItsTime(reading, name, value));
}

/** The same with other values. */
export function withValues({ timeMs, component }: Reading, values: JsonObject): Reading {
  return {
    values,
    ...(timeMs === undefined ? {} : { timeMs }),
    ...(component === undefined ? {} : { component }),
  };
}

/** The same of a component. */
export function ofComponent(reading: Reading, component: string): Reading {
  return reading instanceof JsonReading ? reading.of(component) : { ...reading, component };
}
