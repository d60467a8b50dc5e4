import { Bell } from '../../lib/bell.ts';
import type { WireShape } from '../faults/fault-kind.ts';

interface Laid {
  readonly shape: WireShape;
  readonly names: ReadonlySet<string> | undefined;
}

/** Every shape that is in force, and what they come to for one member. */
export class Shapes {
  /** Rings when what is in force has changed. */
  readonly changed = new Bell();
  readonly #laid = new Map<number, Laid>();

  /** @param names whom it is for; all, without any */
  lay(id: number, shape: WireShape, names?: readonly string[]): void {
    this.#laid.set(id, { shape, names: names === undefined ? undefined : new Set(names) });
    this.changed.ring();
  }

  lift(id: number): void {
    this.#laid.delete(id);
    this.changed.ring();
  }

  /** Of a connection whose member is not known, with what is for all. Asked for every chunk: `none` costs nothing. */
  of(name: string | undefined): WireShape {
    let sum = none;
    for (const { shape, names } of this.#laid.values()) {
      if (names === undefined || (name !== undefined && names.has(name))) sum = together(sum, shape);
    }
    return sum;
  }
}

/** The shape of a wire that nothing is done to. */
export const none: WireShape = {};

/** Delays add up, the narrower bandwidth counts, and a segment passes only if neither loses it. */
export function together(one: WireShape, other: WireShape): WireShape {
  const bytesPerSecond = Math.min(one.bytesPerSecond ?? Infinity, other.bytesPerSecond ?? Infinity);
  return {
    latencyMs: (one.latencyMs ?? 0) + (other.latencyMs ?? 0),
    jitterMs: (one.jitterMs ?? 0) + (other.jitterMs ?? 0),
    loss: 1 - (1 - (one.loss ?? 0)) * (1 - (other.loss ?? 0)),
    ...(bytesPerSecond === Infinity ? {} : { bytesPerSecond }),
    silent: one.silent === true || other.silent === true,
    closed: one.closed === true || other.closed === true,
  };
}
