import type { Clock } from '../../lib/clock.ts';
import { untilStopped } from '../../lib/deadline.ts';
import type { Log } from '../../lib/log.ts';
import type { Random } from '../../lib/random.ts';
import type { LoadPlan } from './load-plan.ts';
import { numberedReading } from './numbered-reading.ts';
import { Pacer } from './pacer.ts';
import type { PostAnswer, TelemetryPost } from './telemetry-post.ts';

/** Where it is written down what was posted and what became of it. */
export interface Promises {
  posted(agent: string, numbers: readonly number[]): void;
  promised(agent: string, numbers: readonly number[]): void;
  /** Answered with something else: by status, or `none` when there was no answer. */
  refused(agent: string, numbers: readonly number[], status: string): void;
}

export interface MemberFeederOptions {
  readonly name: string;
  readonly post: TelemetryPost;
  readonly random: Random;
  readonly ledger: Promises;
  readonly clock: Clock;
  readonly log: Log;
}

/** After a post without an answer, so long until the next, in milliseconds; the double after each further one. */
const pauseMs = { first: 500, longest: 10_000 };
/** A post has at most so many readings and bytes; the agent takes 1 MB (docs/local-api.md). */
const most = { readings: 500, bytes: 500_000 };
/** Once stopped, a post under way has so long to be answered, in milliseconds. */
const lastAnswerMs = 5_000;

/** Feeds one agent: a post at a time, each with all that has fallen due during the one before. */
export class MemberFeeder {
  readonly #options: MemberFeederOptions;
  readonly #stop = new AbortController();
  readonly #giveUp = new AbortController();
  readonly #ended = new AbortController();
  #plan: LoadPlan | undefined;
  #planChanged = new AbortController();
  #lastNumber = 0;
  #unanswered = 0;

  constructor(options: MemberFeederOptions) {
    this.#options = options;
  }

  follow(plan: LoadPlan): void {
    this.#plan = plan;
    this.#planChanged.abort();
  }

  stop(): void {
    this.#stop.abort();
    this.#planChanged.abort();
    this.#options.clock.sleep(lastAnswerMs, this.#ended.signal).then(
      () => {
        this.#giveUp.abort(new Error('cannot wait any longer for the answer to a post'));
      },
      () => undefined,
    );
  }

  async run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      if (this.#planChanged.signal.aborted) this.#planChanged = new AbortController();
      await this.#followPlan(this.#planChanged.signal);
    }
    this.#ended.abort();
    this.#options.post.close();
  }

  async #followPlan(changed: AbortSignal): Promise<void> {
    const { clock, random } = this.#options;
    const plan = this.#plan;
    if (plan === undefined) {
      await this.#pause(Infinity, changed);
      return;
    }
    const pacer = new Pacer(plan, random, clock.monotonic());
    while (!changed.aborted) {
      const due = pacer.take(clock.monotonic());
      if (due > 0) await this.#post(plan, due);
      if (this.#unanswered > 0) {
        await this.#pause(pauseAfter(this.#unanswered), changed);
        pacer.skipTo(clock.monotonic());
      }
      await this.#pause(pacer.nextMs - clock.monotonic(), changed);
    }
  }

  async #pause(ms: number, changed: AbortSignal): Promise<void> {
    if (ms > 0) await untilStopped(this.#options.clock.sleep(ms, changed), changed);
  }

  async #post(plan: LoadPlan, due: number): Promise<void> {
    const { name, post, ledger, log } = this.#options;
    for (let left = due; left > 0;) {
      const { numbers, lines } = this.#nextReadings(plan, left);
      left -= numbers.length;
      ledger.posted(name, numbers);
      try {
        this.#take(await post.post(lines, this.#giveUp.signal), numbers);
      } catch (error) {
        // Down, starting, or killed with the post in hand: it may arrive and need not.
        log.debug({ agent: name, error }, 'no answer to a post');
        ledger.refused(name, numbers, 'none');
        this.#unanswered += 1;
        return;
      }
    }
  }

  #take({ status, accepted }: PostAnswer, numbers: readonly number[]): void {
    const { name, ledger } = this.#options;
    this.#unanswered = 0;
    if (status === 202 && accepted === numbers.length) ledger.promised(name, numbers);
    else ledger.refused(name, numbers, status === 202 ? '202 for less' : String(status));
  }

  #nextReadings(plan: LoadPlan, wanted: number): { numbers: number[]; lines: string[] } {
    const numbers: number[] = [];
    const lines: string[] = [];
    const [least, largest] = plan.bytes;
    for (let bytes = 0; numbers.length < Math.min(wanted, most.readings) && bytes < most.bytes;) {
      const n = ++this.#lastNumber;
      const size = least + Math.floor(this.#options.random() * (largest - least + 1));
      const line = numberedReading(this.#options.name, n, size);
      numbers.push(n);
      lines.push(line);
      bytes += line.length;
    }
    return { numbers, lines };
  }
}

function pauseAfter(unanswered: number): number {
  return Math.min(pauseMs.longest, pauseMs.first * 2 ** (unanswered - 1));
}
