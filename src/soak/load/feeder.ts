import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Random } from '../../lib/random.ts';
import type { Member } from '../fleet/fleet.ts';
import { MemberFeeder } from './member-feeder.ts';
import type { Promises } from './member-feeder.ts';
import type { LoadPlan } from './load-plan.ts';
import { SocketPost } from './telemetry-post.ts';
import type { TelemetryPost } from './telemetry-post.ts';

export interface FeederOptions {
  readonly members: readonly Pick<Member, 'name' | 'socketPath'>[];
  readonly ledger: Promises;
  /** A stream of its own for each agent, so that one that is late changes nothing for the others. */
  readonly randomFor: (name: string) => Random;
  readonly clock: Clock;
  readonly log: Log;
  /** The input of `type: socket` that is posted to; unless given, the agents have but one. */
  readonly input?: string;
  /** For tests: what a member is posted to by. */
  readonly postFor?: (member: Pick<Member, 'name' | 'socketPath'>) => TelemetryPost;
}

/** Feeds numbered readings to every agent's own socket, by the plan of the phase. Idle without one. */
export class Feeder {
  readonly #feeders: readonly MemberFeeder[];
  readonly #running: readonly Promise<void>[];

  constructor(options: FeederOptions) {
    const { members, ledger, randomFor, clock, log, input } = options;
    const postFor =
      options.postFor ?? (({ socketPath }): TelemetryPost => new SocketPost(socketPath, clock, input));
    this.#feeders = members.map(
      (member) =>
        new MemberFeeder({
          name: member.name,
          post: postFor(member),
          random: randomFor(member.name),
          ledger,
          clock,
          log,
        }),
    );
    this.#running = this.#feeders.map((feeder) => feeder.run());
  }

  /** From now on by this plan, until the next one. Posts under way are waited for, not ended. */
  follow(plan: LoadPlan): void {
    for (const feeder of this.#feeders) feeder.follow(plan);
  }

  /** No more is posted. Resolves when no post is in flight. */
  async stop(): Promise<void> {
    for (const feeder of this.#feeders) feeder.stop();
    await Promise.all(this.#running);
  }
}
