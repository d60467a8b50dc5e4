import type { Scale as Scaling } from '../../config/inputs/processing.ts';
import type { Log } from '../../lib/log.ts';
import { saysNothing, withValues } from '../reading.ts';
import type { Reading } from '../reading.ts';
import { NamePatterns } from './name-patterns.ts';
import type { Step } from './processor.ts';
import { SaidOnce } from './said-once.ts';
import { withoutNoise } from './without-noise.ts';

/**
 * Makes `value × factor + offset` of numbers, rounded if wanted. What is no number, or gives none that JSON can hold, is
 * left out: under this name a consumer expects a number in the new unit.
 */
export class Scale implements Step {
  readonly #values: NamePatterns<Scaling>;
  readonly #said: SaidOnce;

  constructor(values: Readonly<Record<string, Scaling>>, log: Log) {
    this.#values = new NamePatterns(Object.entries(values));
    this.#said = new SaidOnce(log);
  }

  push(reading: Reading): readonly Reading[] {
    const entries = Object.entries(reading.values).flatMap(([name, value]) => {
      const scaling = this.#values.of(reading, name, value);
      return scaling === undefined ? [[name, value] as const] : this.#scaled(name, value, scaling);
    });
    const after = withValues(reading, Object.fromEntries(entries));
    return saysNothing(after) ? [] : [after];
  }

  #scaled(name: string, value: unknown, scaling: Scaling): (readonly [string, unknown])[] {
    const result = typeof value === 'number' ? scaled(value, scaling) : NaN;
    if (Number.isFinite(result)) return [[name, result]];
    this.#said.warn(name, `cannot scale ${name}: it is not a number, or too large a one; left out`);
    return [];
  }
}

function scaled(value: number, { factor, offset, round }: Scaling): number {
  const exact = value * factor + offset;
  const result = round === undefined ? withoutNoise(exact) : Number(exact.toFixed(round));
  // JSON writes -0 as 0; here they are to be one as well.
  return result + 0;
}
