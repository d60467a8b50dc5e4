import type { ProcessingConfig, ProcessingStep } from '../../config/inputs/processing.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Reading } from '../reading.ts';
import { OnChange } from './on-change.ts';
import { Rename } from './rename.ts';
import { Scale } from './scale.ts';
import { Select } from './select.ts';
import { Window } from './window.ts';

/** One step of the way: a reading in, none, itself or others out. Steps hold no timer and never throw. */
export interface Step {
  push(reading: Reading): readonly Reading[];
}

/** A step that keeps readings back. */
export interface HoldingStep extends Step {
  /** When `due` has something to give, on the monotonic clock; `undefined`: not before the next reading. */
  readonly dueMs: number | undefined;
  /** What has become due; nothing before `dueMs`. */
  due(): readonly Reading[];
  /** All that is held, finished or not. */
  drain(): readonly Reading[];
}

/**
 * What an input's `process` says, done to its readings in the order of its steps. Without steps every reading goes on as
 * it is. A reading of which no value is left does not go on. It owns no timer: call `due` at `dueMs` at the latest.
 */
export class Processor {
  readonly #steps: readonly (Step | HoldingStep)[];

  constructor(steps: ProcessingConfig, clock: Clock, log: Log) {
    this.#steps = steps.map((step) => begun(step, clock, log));
  }

  push(reading: Reading): readonly Reading[] {
    let readings: readonly Reading[] = [reading];
    for (const step of this.#steps) readings = readings.flatMap((one) => step.push(one));
    return readings;
  }

  /** When `due` should be called, in milliseconds on the monotonic clock; `undefined`: nothing is being held. */
  get dueMs(): number | undefined {
    const times = this.#steps.flatMap((step) =>
      'due' in step && step.dueMs !== undefined ? [step.dueMs] : [],
    );
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** What has become due without a new reading. */
  due(): readonly Reading[] {
    return this.#released((step) => step.due());
  }

  /** At the end: what open windows hold. */
  drain(): readonly Reading[] {
    return this.#released((step) => step.drain());
  }

  /** What a step lets go passes through those behind it before they are asked themselves. */
  #released(release: (step: HoldingStep) => readonly Reading[]): readonly Reading[] {
    let readings: readonly Reading[] = [];
    for (const step of this.#steps) {
      const passed = readings.flatMap((reading) => step.push(reading));
      readings = 'due' in step ? [...passed, ...release(step)] : passed;
    }
    return readings;
  }
}

function begun(step: ProcessingStep, clock: Clock, log: Log): Step | HoldingStep {
  switch (step.kind) {
    case 'rename':
      return new Rename(step.names, log);
    case 'select':
      return new Select(step.patterns);
    case 'scale':
      return new Scale(step.values, log);
    case 'report_on_change':
      return new OnChange(step.values, step.maxSilenceMs, clock, log);
    case 'window':
      return new Window(step.values, step.everyMs, clock, log);
  }
}
