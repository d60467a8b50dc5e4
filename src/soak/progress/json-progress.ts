import type { Clock } from '../../lib/clock.ts';
import type { FaultUnderWay, Moment } from './moment.ts';
import type { Progress } from './progress.ts';
import { Ticking } from './ticking.ts';

const everyMs = 1000;
const tellEveryMs = 10_000;

/** Lines of JSON: how the run is getting on every ten seconds, and each phase and fault within a second. */
export function jsonProgress(clock: Clock, say: (text: string) => void): Progress {
  const lines = new ProgressLines();
  return new Ticking(clock, everyMs, (moment) => {
    for (const line of lines.of(moment)) say(`${JSON.stringify(line)}\n`);
  });
}

export type ProgressLine =
  | ({ readonly event: 'progress' } & Moment)
  | { readonly event: 'phase'; readonly elapsedMs: number; readonly phase: string }
  | ({ readonly event: 'fault' | 'fault-over'; readonly elapsedMs: number } & Omit<FaultUnderWay, 'leftMs'>);

/** What is to be told of each moment after the one before. A fault that is over within the second between is not. */
export class ProgressLines {
  #phase = '';
  #faults: readonly FaultUnderWay[] = [];
  #toldMs = -Infinity;

  of(moment: Moment): ProgressLine[] {
    const { elapsedMs, phase, faults } = moment;
    const lines: ProgressLine[] = phase === this.#phase ? [] : [{ event: 'phase', elapsedMs, phase }];
    const begun = newIn(faults, this.#faults);
    const over = newIn(this.#faults, faults);
    lines.push(...over.map((fault) => faultLine('fault-over', elapsedMs, fault)));
    lines.push(...begun.map((fault) => faultLine('fault', elapsedMs, fault)));
    if (elapsedMs - this.#toldMs >= tellEveryMs) {
      lines.push({ event: 'progress', ...moment });
      this.#toldMs = elapsedMs;
    }
    this.#phase = phase;
    this.#faults = faults;
    return lines;
  }
}

function newIn(faults: readonly FaultUnderWay[], before: readonly FaultUnderWay[]): FaultUnderWay[] {
  return faults.filter(({ id }) => before.every((other) => other.id !== id));
}

function faultLine(
  event: 'fault' | 'fault-over',
  elapsedMs: number,
  { id, kind, description, agents }: FaultUnderWay,
): ProgressLine {
  return { event, elapsedMs, id, kind, description, agents };
}
