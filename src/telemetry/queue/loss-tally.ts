import { isJsonObject } from '../../lib/json.ts';
import { priorities } from '../priority.ts';
import type { Priority } from '../priority.ts';
import { dropReasons } from './telemetry-queue.ts';
import type { DropReason, Loss } from './telemetry-queue.ts';

/** What was dropped and not told yet, by priority and reason. */
export class LossTally {
  readonly #losses = new Map<string, Loss>();
  /** Whether it differs from what was saved last. */
  changed = false;

  add(loss: Loss): void {
    if (loss.count <= 0) return;
    const key = keyOf(loss);
    const before = this.#losses.get(key);
    this.#losses.set(key, before === undefined ? loss : merged(before, loss));
    this.changed = true;
  }

  get losses(): readonly Loss[] {
    return [...this.#losses.values()];
  }

  /** What was added after `told` was asked for stays to be told. */
  told(told: readonly Loss[]): void {
    for (const loss of told) {
      const key = keyOf(loss);
      const now = this.#losses.get(key);
      if (now === undefined) continue;
      const count = now.count - loss.count;
      if (count <= 0) this.#losses.delete(key);
      else this.#losses.set(key, { ...now, count, fromMs: Math.min(loss.toMs, now.toMs) });
      this.changed = true;
    }
  }
}

/** The losses of a saved file; what makes no sense is left out. */
export function lossesFrom(saved: unknown): Loss[] {
  return Array.isArray(saved) ? saved.filter(isLoss) : [];
}

function isLoss(value: unknown): value is Loss {
  if (!isJsonObject(value)) return false;
  const { priority, reason, count, fromMs, toMs } = value;
  const known = priorities.includes(priority as Priority) && dropReasons.includes(reason as DropReason);
  return known && [count, fromMs, toMs].every((number) => Number.isSafeInteger(number));
}

function merged(a: Loss, b: Loss): Loss {
  return {
    ...a,
    count: a.count + b.count,
    fromMs: Math.min(a.fromMs, b.fromMs),
    toMs: Math.max(a.toMs, b.toMs),
  };
}

function keyOf({ priority, reason }: Loss): string {
  return `${priority} ${reason}`;
}
