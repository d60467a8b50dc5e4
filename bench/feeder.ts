import { Child } from './child.ts';
import type { Payload } from './payload.ts';

export interface FeedOrder {
  readonly socketPath: string;
  readonly input: 'single' | 'batched';
  readonly payload: Payload;
  readonly linesPerPost: number;
  readonly postsInFlight: number;
  /** Until so much time has passed, or so many lines have been accepted. */
  readonly seconds?: number;
  readonly lines?: number;
  /** Absent: as fast as they are taken. */
  readonly linesPerSecond?: number;
}

export interface Fed {
  readonly posts: number;
  readonly accepted: number;
}

/** Who posts to the agent, in a process of its own. */
export class Feeder {
  readonly #child = new Child('feed-process.ts');

  /** Resolves when all it has posted is answered 202. Rejects at any other answer. */
  async feed(order: FeedOrder): Promise<Fed> {
    return (await this.#child.ask('feed', order)) as Fed;
  }

  end(): Promise<void> {
    return this.#child.end();
  }
}
