import { isJsonObject } from '../../lib/json.ts';

/** An agent of a crew: everything else stands in its configuration. */
export interface CrewMember {
  readonly name: string;
  readonly configPath: string;
}

/** What a crew is told, by the channel between Node's processes. */
export type CrewOrder =
  /** The first one, and once: `spreadMs` is over how long their starts are spread. */
  | { readonly kind: 'begin'; readonly members: readonly CrewMember[]; readonly spreadMs: number }
  /** This agent reads its configuration again. */
  | { readonly kind: 'reload'; readonly name: string }
  | { readonly kind: 'count'; readonly id: number };

/** What it answers: the timers of the whole process. */
export interface CrewCount {
  readonly kind: 'counted';
  readonly id: number;
  readonly timers: number;
}

/** Both ends are of one program: its kind says what a message is. */
export function isCrewOrder(message: unknown): message is CrewOrder {
  return isJsonObject(message) && ['begin', 'reload', 'count'].includes(String(message['kind']));
}

export function isCrewCount(message: unknown): message is CrewCount {
  return isJsonObject(message) && message['kind'] === 'counted';
}

/** Whose line of a log it is, and the line; `undefined` if nobody's. */
export function crewLine(text: string): { readonly name: string; readonly line: string } | undefined {
  const end = text.indexOf(' {');
  return end <= 0 ? undefined : { name: text.slice(0, end), line: text.slice(end + 1) };
}

/** @param line of JSON, as it was logged */
export function asCrewLine(name: string, line: string): string {
  return `${name} ${line}`;
}
