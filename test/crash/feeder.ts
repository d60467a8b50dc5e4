import type { Random } from '../../src/lib/random.ts';
import { oneOf, seededRandom, whole } from '../fakes/seeded-random.ts';
import { SocketClient } from '../support/socket-client.ts';
import type { SocketAnswer } from '../support/socket-client.ts';
import type { Ledger } from './ledger.ts';
import { numberedBytes, numberedReading } from './numbered.ts';
import { pass } from './pass.ts';

const callers = 6;
const priorities = ['high', 'normal', 'low'] as const;

interface Post {
  readonly path: string;
  readonly body: string;
  readonly numbers: readonly number[];
}

/** Posts numbered messages until it is stopped, several callers at a time, each with the next when it has its answer. */
export class Feeder {
  posts = 0;
  answered202 = 0;
  unanswered = 0;
  /** Other answers, by status. */
  readonly refused = new Map<number, number>();
  /** Told by whoever runs the agent: how often it has been started. */
  life = 0;
  readonly #client: SocketClient;
  readonly #ledger: Ledger;
  readonly #random: Random;
  readonly #stop = new AbortController();
  readonly #waiting = new Set<() => void>();
  #callers: readonly Promise<void>[] = [];
  #lastNumber = 0;

  constructor(socketPath: string, ledger: Ledger, seed: number) {
    this.#client = new SocketClient(socketPath, callers);
    this.#ledger = ledger;
    this.#random = seededRandom(seed);
  }

  start(): void {
    this.#callers = Array.from({ length: callers }, () => this.#call());
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#callers);
    this.#client.close();
  }

  /** Resolves with the next post that is answered 202. */
  nextPromise(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.add(resolve);
    });
  }

  async #call(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const post = this.#nextPost();
      const { life } = this;
      this.posts += 1;
      try {
        this.#take(await this.#client.post(post.path, post.body), post, life);
        await pass(whole(this.#random, 25));
      } catch {
        // The agent was killed, or is not up yet.
        this.unanswered += 1;
        await pass(20);
      }
    }
  }

  #take({ status, body }: SocketAnswer, { numbers }: Post, life: number): void {
    if (status !== 202) {
      this.refused.set(status, (this.refused.get(status) ?? 0) + 1);
      return;
    }
    if (body['accepted'] !== numbers.length) {
      this.#ledger.problems.push(`${numbers.length} posted, 202 with ${JSON.stringify(body)}`);
      return;
    }
    this.answered202 += 1;
    this.#ledger.promise(numbers, { life, stored: body['stored'] });
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  #nextPost(): Post {
    const numbers = Array.from({ length: 1 + whole(this.#random, 20) }, () => ++this.#lastNumber);
    const priority = oneOf(this.#random, priorities);
    const kind = oneOf(this.#random, ['readings', 'batched', 'messages'] as const);
    switch (kind) {
      case 'readings':
      case 'batched':
        return {
          path: `/v1/telemetry?input=${kind === 'batched' ? 'batched' : 'plain'}&priority=${priority}`,
          body: lines(numbers.map(numberedReading)),
          numbers,
        };
      case 'messages':
        return {
          path: '/v1/messages?input=plain',
          body: lines(
            numbers.map((n) => ({
              bodyBase64: numberedBytes(n).toString('base64'),
              contentType: 'application/octet-stream',
              priority,
            })),
          ),
          numbers,
        };
    }
  }
}

function lines(items: readonly object[]): string {
  return items.map((item) => `${JSON.stringify(item)}\n`).join('');
}
