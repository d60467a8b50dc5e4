import type { Random } from '../../lib/random.ts';
import type { LoadPlan } from './load-plan.ts';

/** When one agent is fed and how much, by a plan. Agents are spread: each begins anywhere within its first gap. */
export class Pacer {
  readonly #plan: LoadPlan;
  readonly #random: Random;
  #singleMs: number;
  #burstMs: number;

  constructor(plan: LoadPlan, random: Random, nowMs: number) {
    this.#plan = plan;
    this.#random = random;
    this.#singleMs = nowMs + random() * gapMs(plan);
    this.#burstMs = nowMs + random() * burstGapMs(plan);
  }

  /** Infinite when the plan wants nothing. */
  get nextMs(): number {
    return Math.min(this.#singleMs, this.#burstMs);
  }

  /** How many messages are due by now; they will not be due again. */
  take(nowMs: number): number {
    let due = 0;
    for (; this.#singleMs <= nowMs; this.#singleMs += this.#spread(gapMs(this.#plan))) due += 1;
    for (; this.#burstMs <= nowMs; this.#burstMs += this.#spread(burstGapMs(this.#plan))) {
      due += this.#plan.burst.messages;
    }
    return due;
  }

  /** What was due meanwhile is nobody's any more: an application that cannot post does not save up. */
  skipTo(nowMs: number): void {
    this.take(nowMs);
  }

  #spread(gap: number): number {
    return gap * (0.5 + this.#random());
  }
}

function gapMs({ messagesPerSecond }: LoadPlan): number {
  return messagesPerSecond > 0 ? 1000 / messagesPerSecond : Infinity;
}

function burstGapMs({ burst }: LoadPlan): number {
  return burst.messages > 0 && burst.everyMs > 0 ? burst.everyMs : Infinity;
}
