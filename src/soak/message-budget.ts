import type { Clock } from '../lib/clock.ts';
import type { Member } from './fleet/fleet.ts';
import { loadInput } from './fleet/member-config.ts';
import { SocketPost } from './load/telemetry-post.ts';
import type { PostAnswer, TelemetryPost } from './load/telemetry-post.ts';

/** What is sent again after a lost acknowledgement is billed again: of what may be sent, so much is posted. */
const postedShare = 0.8;
/** As a program is answered when there is too much: nothing is promised. */
const spent: PostAnswer = { status: 429, accepted: 0 };

/** Of all agents together. Once it is spent, nothing more is posted. */
export class MessageBudget {
  readonly #clock: Clock;
  #left: number;

  constructor(maxMessages: number, clock: Clock) {
    this.#left = Math.floor(maxMessages * postedShare);
    this.#clock = clock;
  }

  get left(): number {
    return this.#left;
  }

  postFor({ socketPath }: Pick<Member, 'socketPath'>): TelemetryPost {
    return this.spending(new SocketPost(socketPath, this.#clock, loadInput));
  }

  spending(post: TelemetryPost): TelemetryPost {
    return {
      post: (lines, signal) => {
        if (lines.length > this.#left) return Promise.resolve(spent);
        this.#left -= lines.length;
        return post.post(lines, signal);
      },
      close: () => {
        post.close();
      },
    };
  }
}
